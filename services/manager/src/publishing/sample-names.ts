/**
 * Some names that a regular expression may match: with and without what it makes optional, the first letters of its classes,
 * each branch of a choice. Not all are right, and there may be others: whoever asks tries them. Empty when the expression is
 * too involved for that.
 */
export function sampleNames(regex: string): readonly string[] {
  const reader = { text: regex, at: 0 };
  const samples = readChoice(reader);
  return samples === null || reader.at < regex.length ? [] : samples;
}

const SAMPLES_MAX = 64;

interface Reader {
  readonly text: string;
  at: number;
}

function readChoice(reader: Reader): readonly string[] | null {
  const all: string[] = [];
  for (;;) {
    const branch = readSequence(reader);
    if (branch === null) return null;
    all.push(...branch);
    if (reader.text[reader.at] !== '|') return all.slice(0, SAMPLES_MAX);
    reader.at += 1;
  }
}

function readSequence(reader: Reader): readonly string[] | null {
  let samples: readonly string[] = [''];
  for (let next = reader.text[reader.at]; next !== undefined && !'|)'.includes(next); next = reader.text[reader.at]) {
    const atom = readAtom(reader);
    if (atom === null) return null;
    const repeated = readRepeat(reader, atom);
    samples = samples.flatMap((before) => repeated.map((part) => before + part)).slice(0, SAMPLES_MAX);
  }
  return samples;
}

function readAtom(reader: Reader): readonly string[] | null {
  const character = Array.from(reader.text.slice(reader.at, reader.at + 2))[0] ?? '';
  reader.at += character.length;
  switch (character) {
    case '(':
      return readGroup(reader);
    case '[':
      return readClass(reader);
    case '\\':
      return readEscape(reader);
    case '.':
      return ['a', '1'];
    case '^':
    case '$':
      return [''];
    default:
      return [character];
  }
}

function readGroup(reader: Reader): readonly string[] | null {
  const kind = /^\?(?::|=|!|<=|<!|<\w+>)/.exec(reader.text.slice(reader.at))?.[0] ?? '';
  reader.at += kind.length;
  const inside = readChoice(reader);
  if (inside === null || reader.text[reader.at] !== ')') return null;
  reader.at += 1;
  // What looks ahead or behind takes no letters.
  return /^\?<?[=!]/.test(kind) ? [''] : inside;
}

function readClass(reader: Reader): readonly string[] | null {
  const body = /^\^?\]?(?:\\.|[^\]\\])*\]/su.exec(reader.text.slice(reader.at))?.[0];
  if (body === undefined) return null;
  reader.at += body.length;
  const test = classOf(body);
  if (test === null) return null;
  const written = body.slice(0, -1).replace(/^\^/, '').replaceAll('\\', '');
  return [...Array.from(written), 'a', '1', '_'].filter((one) => test.test(one)).slice(0, 2);
}

function classOf(body: string): RegExp | null {
  try {
    return new RegExp(`^[${body}$`, 'su');
  } catch {
    return null;
  }
}

function readEscape(reader: Reader): readonly string[] | null {
  const character = reader.text[reader.at] ?? '';
  reader.at += 1;
  switch (character) {
    case 'd':
      return ['1'];
    case 'w':
    case 'S':
      return ['a', '1'];
    case 'D':
      return ['a'];
    case 's':
      return [' '];
    case 'b':
    case 'B':
      return [''];
    default:
      return /\W/.test(character) ? [character] : null;
  }
}

function readRepeat(reader: Reader, atom: readonly string[]): readonly string[] {
  const repeat = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(reader.text.slice(reader.at));
  if (repeat === null) return atom;
  reader.at += repeat[0].length;
  const [sign = ''] = repeat[0];
  if (sign === '*' || sign === '?') return ['', ...atom];
  if (sign === '+') return atom;
  // Names have 64 letters at most.
  const least = Math.min(Number(repeat[1]), 64);
  return least === 0 ? ['', ...atom] : atom.map((one) => one.repeat(least));
}
