import { unfinishedHalt, untoldCommands } from '../src/supervise.ts';
import { decide } from '../src/decide.ts';
import type { Decision, DecisionContext, Outcome } from '../src/decide.ts';
import type { Command, Permit } from '@lutra/model';

interface Task {
  readonly command: Command;
  readonly asked: Pick<DecisionContext, 'isRedelivered' | 'isDrained'>;
  readonly isOfLeader: boolean;
  stage:
    | { readonly at: 'read' }
    | { readonly at: 'write'; readonly version: number; readonly decision: Decision }
    | { readonly at: 'tell'; readonly outcome: Outcome };
}

/**
 * The arbiters around `decide`, without ZooKeeper and NATS: each command is read, decided, written by compare-and-set, told
 * and acknowledged in steps that any number of arbiters take in any order, and after each of which one may die. There is no
 * lock: it may be lost, and then the compare-and-set is all that is left.
 */
export class DeskModel {
  permit: Permit | null;
  /** Every permit that was written, oldest first. */
  readonly written: Permit[] = [];
  /** What was told of each command, by its id. */
  readonly told = new Map<string, Outcome[]>();
  private version = 0;
  private tasks: Task[] = [];
  private readonly delivered = new Map<string, number>();
  private readonly unacknowledged: Map<string, Command>;

  constructor(
    start: Permit | null,
    private readonly commands: readonly Command[],
  ) {
    this.permit = start;
    this.unacknowledged = new Map(commands.map((command) => [command.id, command]));
  }

  /** One step of one of them; `choice` picks it. */
  step(choice: { readonly what: number; readonly dies: boolean }): void {
    const possible = [
      ...[...this.unacknowledged.values()]
        .filter(({ id }) => !this.tasks.some((task) => !task.isOfLeader && task.command.id === id))
        .map((command) => () => {
          this.deliver(command);
        }),
      ...this.halts().map((halt) => () => {
        this.lead(halt);
      }),
      ...this.tasks.map((task) => () => {
        if (choice.dies) this.tasks = this.tasks.filter((each) => each !== task);
        else this.advance(task);
      }),
    ];
    possible[choice.what % Math.max(1, possible.length)]?.();
  }

  /** Nobody dies any more: until there is nothing left to do. Throws when that never comes. */
  settle(): void {
    for (let turn = 0; turn < 1_000; turn += 1) {
      const [task] = this.tasks;
      const [command] = this.unacknowledged.values();
      const [halt] = this.halts();
      if (task !== undefined) this.advance(task);
      else if (command !== undefined) this.deliver(command);
      else if (halt !== undefined) this.lead(halt);
      else {
        for (const { id } of untoldCommands(this.permit, this.open())) this.told.set(id, ['applied']);
        return;
      }
    }
    throw new Error('The arbiters never come to rest');
  }

  private open(): readonly Command[] {
    return this.commands.filter(({ id }) => !this.told.has(id));
  }

  /** The window is empty at once: what the leader would do next. */
  private halts(): readonly Command[] {
    const halt = unfinishedHalt('p', this.permit);
    return halt === null || this.tasks.some((task) => task.isOfLeader) ? [] : [halt];
  }

  private deliver(command: Command): void {
    const count = this.delivered.get(command.id) ?? 0;
    this.delivered.set(command.id, count + 1);
    const asked = { isRedelivered: count > 0, isDrained: false };
    this.tasks.push({ command, asked, isOfLeader: false, stage: { at: 'read' } });
  }

  private lead(halt: Command): void {
    const asked = { isRedelivered: true, isDrained: true };
    this.tasks.push({ command: halt, asked, isOfLeader: true, stage: { at: 'read' } });
  }

  private advance(task: Task): void {
    const { stage, command } = task;
    if (stage.at === 'read') {
      const context = { ...task.asked, now: new Date(0), jitter: 0 };
      task.stage = { at: 'write', version: this.version, decision: decide(this.permit, command, context) };
    } else if (stage.at === 'write') this.write(task, stage);
    else {
      this.told.set(command.id, [...(this.told.get(command.id) ?? []), stage.outcome]);
      this.end(task);
    }
  }

  private write(task: Task, { version, decision }: Extract<Task['stage'], { readonly at: 'write' }>): void {
    if (decision.permit !== null) {
      if (version !== this.version) {
        task.stage = { at: 'read' };
        return;
      }
      this.permit = decision.permit;
      this.written.push(decision.permit);
      this.version += 1;
    }
    if (decision.next === 'drain') this.end(task);
    else task.stage = { at: 'tell', outcome: decision.outcome };
  }

  private end(task: Task): void {
    this.tasks = this.tasks.filter((each) => each !== task);
    if (!task.isOfLeader) this.unacknowledged.delete(task.command.id);
  }
}
