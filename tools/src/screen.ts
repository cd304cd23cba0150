import type { UnpackProgress } from '@lutra/testing';

/** Lines for people. On a terminal the last one may be live (it is drawn over); elsewhere a live line appears only now and then. */
export class Screen {
  private liveText = '';
  private lastLiveMs = 0;
  private readonly isTerminal = process.stdout.isTTY;

  constructor(private readonly plainEveryMs = 2_000) {}

  line(text: string): void {
    this.clear();
    process.stdout.write(`${text}\n`);
  }

  /** A line that the next one replaces. */
  live(text: string): void {
    if (!this.isTerminal) {
      const now = performance.now();
      if (now - this.lastLiveMs < this.plainEveryMs) return;
      this.lastLiveMs = now;
      process.stdout.write(`${text}\n`);
      return;
    }
    const width = process.stdout.columns;
    this.liveText = text.length < width ? text : text.slice(0, width - 1);
    process.stdout.write(`\r\x1b[2K${this.liveText}`);
  }

  /** Ends the live line: what it says stays. */
  keep(): void {
    if (this.liveText === '') return;
    process.stdout.write('\n');
    this.liveText = '';
  }

  /** Progress of programs that are fetched from the distribution's packages. */
  unpacking({ step, doneBytes, totalBytes }: UnpackProgress): void {
    switch (step) {
      case 'waiting':
        this.line('Another start is fetching the servers: waiting for it …');
        break;
      case 'lists':
        this.line("Fetching the servers from the distribution's packages (once; nothing is installed) …");
        break;
      case 'stale':
        this.line(
          'The archive has not been renewed for longer than its lists are valid; they are used, signatures are checked.',
        );
        break;
      case 'download':
        this.live(`${bar(doneBytes, totalBytes)} ${megabytes(doneBytes)} of ${megabytes(totalBytes)} MB`);
        break;
      case 'unpack':
        this.live(`${bar(doneBytes, totalBytes)} unpacking ${String(doneBytes)} of ${String(totalBytes)} packages`);
        break;
      case 'done':
        this.line('Servers are ready to start');
        break;
    }
  }

  private clear(): void {
    if (this.liveText !== '') process.stdout.write('\r\x1b[2K');
    this.liveText = '';
  }
}

const BAR_WIDTH = 30;

function bar(done: number, total: number): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(share * BAR_WIDTH);
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);
