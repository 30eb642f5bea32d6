import { BrokenLine, type Line, split, type Word } from './shell';

/** A request as a curl command would send it. */
export interface CurlRequest {
  url: string;
  method: string;
  headers: { name: string; value: string }[];
  body: string | null;
}

export type Parsed = { request: CurlRequest; hints: string[] } | { fault: string };

/** Longest text that is read. */
export const TEXT_MAX = 64 * 1024;
const HEADERS_MAX = 100;

/** Options that say something of the request; the rest of them takes a value that does not matter here, or none. */
const TAKES = {
  '-X': 'request',
  '--request': 'request',
  '-H': 'header',
  '--header': 'header',
  '-d': 'data',
  '--data': 'data',
  '--data-ascii': 'data',
  '--data-binary': 'binary',
  '--data-raw': 'raw',
  '--data-urlencode': 'urlencode',
  '--url-query': 'query',
  '--json': 'json',
  '-u': 'user',
  '--user': 'user',
  '--oauth2-bearer': 'bearer',
  '--url': 'url',
  '-b': 'cookie',
  '--cookie': 'cookie',
  '-A': 'agent',
  '--user-agent': 'agent',
  '-e': 'referer',
  '--referer': 'referer',
  '-F': 'form',
  '--form': 'form',
  '--form-string': 'form',
  '-T': 'upload',
  '--upload-file': 'upload',
} as const;
type Taking = (typeof TAKES)[keyof typeof TAKES];

/** Of these, those that are of a body. */
const BODIES: Taking[] = ['data', 'binary', 'raw', 'json', 'urlencode', 'form'];

/** Options whose value says how to send and not what. */
const VALUES = new Set(
  `-o --output -m --max-time --connect-timeout --retry --retry-delay --retry-max-time -x --proxy -U --proxy-user --cacert
   --capath -E --cert --cert-type --key --key-type --pass -w --write-out --resolve --connect-to --interface -c --cookie-jar
   -D --dump-header -K --config --limit-rate --max-redirs -C --continue-at -r --range -y --speed-time -Y --speed-limit
   --ciphers --tls-max --dns-servers --unix-socket --noproxy --trace --trace-ascii --stderr --rate --variable
   --expand-url --proto --keepalive-time --local-port --max-filesize --output-dir -t --telnet-option -z --time-cond
   --aws-sigv4 --doh-url --happy-eyeballs-timeout-ms --pinnedpubkey`.split(/\s+/),
);

/** Reads a curl command. It is neither run nor kept; a secret in it stays where it was written. */
export function parseCurl(text: string): Parsed {
  if (text.length > TEXT_MAX) return { fault: `This is longer than ${TEXT_MAX / 1024} kB: leave the body out.` };
  let line: Line;
  try {
    line = split(unescaped(text.trim().replace(/^\$\s+/, '')));
  } catch (thrown) {
    if (thrown instanceof BrokenLine) return { fault: thrown.message };
    throw thrown;
  }
  const [program, ...words] = line.words;
  if (!program) return { fault: 'Paste a curl command or a request id.' };
  if (!/(?:^|[\\/])curl(?:\.exe)?$/.test(program.text)) return { fault: 'This does not begin with “curl”.' };
  const reader = new Reader();
  const fault = reader.read(words);
  if (fault) return { fault };
  if (line.endedBy === '&') reader.hint('An & outside of quotes ends the command for your shell: quote the URL.');
  else if (line.endedBy) reader.hint(`What follows ${line.endedBy} is not looked at.`);
  return reader.finish();
}

/** A command as browsers copy it for Windows, where a caret stands before what is special there. */
function unescaped(text: string): string {
  return text.includes('^"') ? text.replace(/\^(?:\r?\n|([\s\S]))/g, (_, letter?: string) => letter ?? ' ') : text;
}

/** What the command said so far. */
class Reader {
  private urls: string[] = [];
  private method: string | null = null;
  private headers: { name: string; value: string }[] = [];
  private removed: string[] = [];
  private data: string[] = [];
  private query: string[] = [];
  private isJson = false;
  private isGet = false;
  private isHead = false;
  private hasBodyElsewhere = false;
  private isUpload = false;
  private readonly hints = new Set<string>();

  hint(text: string): void {
    this.hints.add(text);
  }

  /** Takes the words after `curl` in; what is wrong with them. */
  read(words: readonly Word[]): string | null {
    const rest = [...words];
    for (let word = rest.shift(); word; word = rest.shift()) {
      const fault = this.word(word, rest);
      if (fault) return fault;
    }
    return null;
  }

  private word(word: Word, rest: Word[]): string | null {
    if (!word.text.startsWith('-') || word.text === '-') {
      this.variables(word, 'url');
      this.urls.push(word.text);
      return null;
    }
    if (word.text.startsWith('--')) return this.option(word.text, null, rest);
    return this.letters(word, rest);
  }

  /** `-sSXPOST`: letters without a value, then one with it, there or in the next word. */
  private letters(word: Word, rest: Word[]): string | null {
    for (let at = 1; at < word.text.length; at++) {
      const name = `-${word.text[at]}`;
      const value = word.text.slice(at + 1);
      const takes = name in TAKES || VALUES.has(name);
      const fault = this.option(name, takes && value !== '' ? { ...word, text: value } : null, rest);
      if (fault || takes) return fault;
    }
    return null;
  }

  private option(name: string, own: Word | null, rest: Word[]): string | null {
    if (name === '-G' || name === '--get') this.isGet = true;
    if (name === '-I' || name === '--head') this.isHead = true;
    const takes = (TAKES as Record<string, Taking | undefined>)[name];
    if (!takes && !VALUES.has(name)) return null;
    const value = own ?? rest.shift();
    if (!value) return `${name} wants a value after it.`;
    if (!takes) return null;
    this.variables(value, takes);
    return this.take(takes, value.text);
  }

  private take(what: Taking, value: string): string | null {
    switch (what) {
      case 'request':
        this.method = value;
        return null;
      case 'url':
        this.urls.push(value);
        return null;
      case 'header':
        return this.header(value);
      case 'data':
      case 'binary':
        return this.body(value.startsWith('@') ? null : value);
      case 'raw':
        return this.body(value);
      case 'urlencode':
        return this.body(urlencoded(value));
      case 'json':
        this.isJson = true;
        return this.body(value.startsWith('@') ? null : value);
      case 'query':
        this.query.push(urlencoded(value) ?? '');
        return null;
      case 'user':
        if (!value.includes(':')) this.hint('curl would ask for the password of -u; here it is left empty.');
        return this.set('Authorization', `Basic ${base64(value.includes(':') ? value : `${value}:`)}`);
      case 'bearer':
        return this.set('Authorization', `Bearer ${value}`);
      case 'cookie':
        if (value.includes('=')) return this.set('Cookie', value);
        this.hint('Cookies from a file are left out.');
        return null;
      case 'agent':
        return this.set('User-Agent', value);
      case 'referer':
        return this.set('Referer', value);
      case 'form':
        return this.elsewhere('multipart/form-data', 'A form (-F) is left out: its route may judge bodies.');
      case 'upload':
        this.isUpload = true;
        return this.elsewhere(null, 'An uploaded file (-T) is left out: its route may judge bodies.');
    }
  }

  private elsewhere(type: string | null, hint: string): null {
    this.hasBodyElsewhere = true;
    if (type && !this.has('Content-Type')) this.set('Content-Type', type);
    this.hint(hint);
    return null;
  }

  private header(line: string): string | null {
    if (line.startsWith('@')) {
      this.hint('Headers from a file are left out.');
      return null;
    }
    // `Name:` takes a header away that curl would send by itself, `Name;` sends one without a value.
    const colon = line.indexOf(':');
    if (colon < 0) {
      if (line.endsWith(';')) return this.set(line.slice(0, -1).trim(), '');
      return `“-H” wants “Name: value”; there is no colon in the header after it.`;
    }
    const name = line.slice(0, colon).trim();
    const value = line.slice(colon + 1).trim();
    if (value !== '') return this.set(name, value);
    this.removed.push(name.toLowerCase());
    return null;
  }

  private set(name: string, value: string): string | null {
    if (this.headers.length >= HEADERS_MAX) return `These are more than ${HEADERS_MAX} headers.`;
    if (name === '') return 'A header has no name.';
    this.headers.push({ name, value });
    return null;
  }

  private has(name: string): boolean {
    return this.headers.some((one) => one.name.toLowerCase() === name.toLowerCase());
  }

  private body(data: string | null): null {
    if (data !== null) this.data.push(data);
    else {
      this.hasBodyElsewhere = true;
      this.hint('Data from a file (@…) is left out: paste it in its place if the route judges bodies.');
    }
    return null;
  }

  private variables(word: Word, what: Taking): void {
    for (const name of word.variables) this.hint(`${name} stands for something that only your shell knows: put it in.`);
    // In single quotes no shell puts anything in: a common slip. In a body a $ may well be meant.
    const literal = /\$\{?[A-Za-z_][A-Za-z0-9_]*\}?/.exec(word.text)?.[0];
    if (literal && word.variables.length === 0 && !BODIES.includes(what)) {
      this.hint(`${literal} is in single quotes: your shell sends just that, and not what it stands for.`);
    }
  }

  finish(): Parsed {
    const [first, second] = this.urls;
    if (first === undefined) return { fault: 'There is no URL in this command.' };
    if (second !== undefined) this.hint('There is more than one URL: the first is looked at.');
    const separator = this.isJson ? '' : '&';
    const data = this.data.length > 0 ? this.data.join(separator) : null;
    const inUrl = [...(this.isGet && data !== null ? [data] : []), ...this.query].filter((part) => part !== '');
    const url = withQuery(/^[a-z][a-z0-9+.-]*:\/\//i.test(first) ? first : `http://${first}`, inUrl.join('&'));
    if (!URL.canParse(url)) return { fault: 'The URL in this command is none.' };
    const hasBody = (data !== null || this.hasBodyElsewhere) && !this.isGet;
    const request = {
      url,
      method: this.method ?? this.usualMethod(hasBody),
      headers: this.allHeaders(hasBody && data !== null),
      body: hasBody ? data : null,
    };
    return { request, hints: [...this.hints] };
  }

  private usualMethod(hasBody: boolean): string {
    if (this.isHead) return 'HEAD';
    if (this.isUpload) return 'PUT';
    return hasBody ? 'POST' : 'GET';
  }

  /** Those that were written, and those that curl adds to a body. */
  private allHeaders(hasData: boolean): CurlRequest['headers'] {
    const headers = [...this.headers];
    const add = (name: string, value: string) => {
      if (!this.has(name) && !this.removed.includes(name.toLowerCase())) headers.push({ name, value });
    };
    if (this.isJson) {
      add('Content-Type', 'application/json');
      add('Accept', 'application/json');
    } else if (hasData) {
      add('Content-Type', 'application/x-www-form-urlencoded');
    }
    return headers;
  }
}

/** `content`, `=content`, `name=content`; `null` for what is in a file. */
function urlencoded(value: string): string | null {
  const equals = value.indexOf('=');
  const file = value.indexOf('@');
  if (file >= 0 && (equals < 0 || file < equals)) return null;
  if (equals < 0) return encodeURIComponent(value);
  const name = value.slice(0, equals);
  const content = encodeURIComponent(value.slice(equals + 1));
  return name === '' ? content : `${name}=${content}`;
}

function withQuery(url: string, query: string): string {
  if (query === '') return url;
  const [before = '', fragment] = url.split('#', 2);
  const joined = `${before}${before.includes('?') ? '&' : '?'}${query}`;
  return fragment === undefined ? joined : `${joined}#${fragment}`;
}

/** Of the text as UTF-8, as curl sends it. */
function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
