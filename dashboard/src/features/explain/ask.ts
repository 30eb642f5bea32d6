import { type CurlRequest, parseCurl } from '../../lib/curl';

/** What somebody pasted: a request, the id of one that was made, or neither. */
export type Asked =
  | { kind: 'request'; request: CurlRequest; hints: string[] }
  | { kind: 'id'; id: string }
  | { kind: 'fault'; fault: string };

/** Longest request id that the log keeps. */
const ID_CHARS_MAX = 200;

export function read(text: string): Asked {
  const plain = text.trim();
  const isOneWord = plain !== '' && plain !== 'curl' && !/\s/.test(plain);
  if (isOneWord && !plain.includes('://')) {
    return plain.length > ID_CHARS_MAX
      ? { kind: 'fault', fault: 'This is too long for a request id.' }
      : { kind: 'id', id: plain };
  }
  const parsed = parseCurl(isOneWord ? `curl '${plain.replaceAll("'", '')}'` : plain);
  if ('fault' in parsed) return { kind: 'fault', fault: parsed.fault };
  return { kind: 'request', ...parsed };
}

/** What was read of a request, in words that hold nothing of its secret. */
export function told({ method, headers, body }: CurlRequest): string {
  const names = headers.map((header) => header.name);
  const sent = names.length > 0 ? `with ${names.join(', ')}` : 'without headers';
  return `${method} ${sent}${body ? `, and ${body.length.toLocaleString('en')} characters of body` : ''}`;
}
