/** One word of a command line, as a POSIX shell would hand it to a program. */
export interface Word {
  text: string;
  /** Names that the shell would have put something in for, such as `$KEY`; they stand in the text as they were written. */
  variables: string[];
}

/** A command line in words, up to its end. */
export interface Line {
  words: Word[];
  /** What ended the command before the text did: `|`, `;`, `&&`, `>` and the like. */
  endedBy: string | null;
}

/** A command line that is not whole. */
export class BrokenLine extends Error {}

const VARIABLE = /^\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[^}]*\}|\([^)]*\))/;
const ENDS = /^(?:\|\|?|&&?|;|>>?|<<?|\d>(?:&\d)?)/;
/** `$'…'` knows these; other letters after a backslash stay as they are. */
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', e: '\x1b', f: '\f', v: '\v' };

/** Splits the first command of a text into words. Nothing is run or put in. */
export function split(text: string): Line {
  return new Splitter(text).line();
}

class Splitter {
  private at = 0;
  private words: Word[] = [];
  private word: Word | null = null;

  constructor(private readonly text: string) {}

  line(): Line {
    while (this.at < this.text.length) {
      const endedBy = this.step();
      if (endedBy !== null) return { words: this.done(), endedBy };
    }
    return { words: this.done(), endedBy: null };
  }

  private done(): Word[] {
    this.close();
    return this.words;
  }

  private close(): void {
    if (this.word) this.words.push(this.word);
    this.word = null;
  }

  private add(text: string): void {
    this.word ??= { text: '', variables: [] };
    this.word.text += text;
  }

  /** Reads on; what ends the command, where something does. */
  private step(): string | null {
    const rest = this.text.slice(this.at);
    // A line goes on after a backslash, and after a caret where the text is for Windows.
    const goesOn = /^[\\^]\r?\n/.exec(rest);
    if (goesOn) return this.skip(goesOn[0].length);
    const [letter = ''] = rest;
    if (letter === '\n' || letter === '\r') {
      // The end of a line ends the command, unless nothing was said yet.
      this.at += 1;
      this.close();
      return this.words.length > 0 && /\S/.test(rest) ? 'the end of its line' : null;
    }
    if (/\s/.test(letter)) {
      this.close();
      return this.skip(1);
    }
    const end = ENDS.exec(rest);
    if (end && (this.word === null || !/^\d/.test(end[0]))) return end[0];
    if (letter === "'") return this.single();
    if (letter === '"') return this.double();
    if (rest.startsWith("$'")) return this.escaped();
    if (letter === '\\') {
      this.add(rest.slice(1, 2));
      return this.skip(2);
    }
    return this.plain(rest);
  }

  private skip(letters: number): null {
    this.at += letters;
    return null;
  }

  private plain(rest: string): null {
    const variable = VARIABLE.exec(rest)?.[0] ?? /^`[^`]*`/.exec(rest)?.[0];
    if (variable !== undefined) {
      this.add(variable);
      this.word?.variables.push(variable);
      return this.skip(variable.length);
    }
    this.add(rest[0] ?? '');
    return this.skip(1);
  }

  private single(): null {
    const end = this.text.indexOf("'", this.at + 1);
    if (end < 0) throw new BrokenLine("A quote (') is opened and never closed.");
    const inside = this.text.slice(this.at + 1, end);
    this.add(inside);
    this.at = end + 1;
    return null;
  }

  private double(): null {
    this.add('');
    this.at += 1;
    while (this.at < this.text.length) {
      const rest = this.text.slice(this.at);
      const [letter = ''] = rest;
      if (letter === '"') return this.skip(1);
      const quoted = /^\\(?:\r?\n|[$`"\\])/.exec(rest)?.[0];
      if (quoted !== undefined) {
        this.add(quoted.includes('\n') ? '' : quoted.slice(1));
        this.at += quoted.length;
      } else {
        this.plain(rest);
      }
    }
    throw new BrokenLine('A quote (") is opened and never closed.');
  }

  /** `$'…'`, as browsers write what has quotes or line ends in it. */
  private escaped(): null {
    this.add('');
    this.at += 2;
    while (this.at < this.text.length) {
      const rest = this.text.slice(this.at);
      if (rest[0] === "'") return this.skip(1);
      const code = /^\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3}))/.exec(rest);
      if (code) {
        const [all, ...digits] = code;
        const number = Number.parseInt(digits.find((one) => one !== undefined) ?? '', digits[3] ? 8 : 16);
        this.add(number > 0x10ffff ? '\ufffd' : String.fromCodePoint(number));
        this.at += all.length;
      } else if (rest[0] === '\\') {
        const letter = rest[1] ?? '';
        this.add(ESCAPES[letter] ?? letter);
        this.at += 2;
      } else {
        this.add(rest[0] ?? '');
        this.at += 1;
      }
    }
    throw new BrokenLine("A quote ($') is opened and never closed.");
  }
}
