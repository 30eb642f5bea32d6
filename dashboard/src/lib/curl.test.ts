// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are a shell’s, not ours
import { expect, test } from 'vitest';
import { type CurlRequest, parseCurl, TEXT_MAX } from './curl';
import { BrokenLine, split } from './shell';

function request(text: string): CurlRequest {
  const parsed = parseCurl(text);
  if ('fault' in parsed) throw new Error(parsed.fault);
  return parsed.request;
}
const hints = (text: string) => {
  const parsed = parseCurl(text);
  return 'fault' in parsed ? [] : parsed.hints;
};
const fault = (text: string) => {
  const parsed = parseCurl(text);
  return 'fault' in parsed ? parsed.fault : null;
};
const words = (text: string) => split(text).words.map((word) => word.text);
const URL_ = 'https://api.example.com/v1/hello';

test('words are what a shell would hand over', () => {
  expect(words(`a 'b c' "d e" f\\ g`)).toEqual(['a', 'b c', 'd e', 'f g']);
  expect(words(`'it'"'"'s' '' ""`)).toEqual(["it's", '', '']);
  expect(words('"a \\"b\\" \\$c \\n \\\\"')).toEqual(['a "b" $c \\n \\']);
  expect(words(String.raw`$'a\nb\x41é\'\\'`)).toEqual(["a\nbAé'\\"]);
  expect(words('a \\\n  b \\\r\n  c')).toEqual(['a', 'b', 'c']);
  expect(words('a ^\r\n b')).toEqual(['a', 'b']);
  expect(words('"a\\\nb"')).toEqual(['ab']);
});

test('a command ends where the shell ends it', () => {
  expect(split('a b | c')).toEqual({ words: expect.any(Array), endedBy: '|' });
  expect(words('a b|c')).toEqual(['a', 'b']);
  expect(words('a b > c')).toEqual(['a', 'b']);
  expect(words('a 2>&1')).toEqual(['a']);
  expect(words('a b2>c')).toEqual(['a', 'b2']);
  expect(words('\n\na b\nc d')).toEqual(['a', 'b']);
  expect(words('\'a|b\' "c;d"')).toEqual(['a|b', 'c;d']);
  expect(split('a b\n').endedBy).toBeNull();
});

test('quotes that are never closed are told', () => {
  for (const text of ["a 'b", 'a "b', "a $'b"]) expect(() => split(text)).toThrow(BrokenLine);
  expect(fault("curl 'https://x.example")).toContain('never closed');
});

test('variables stay in the text and are named', () => {
  const line = split('a $KEY "x ${OTHER}y" $(cat f) `date` \'$NOT\' \\$NOR');
  expect(line.words.map((word) => word.variables)).toEqual([
    [],
    ['$KEY'],
    ['${OTHER}'],
    ['$(cat f)'],
    ['`date`'],
    [],
    [],
  ]);
  expect(line.words.map((word) => word.text)).toEqual([
    'a',
    '$KEY',
    'x ${OTHER}y',
    '$(cat f)',
    '`date`',
    '$NOT',
    '$NOR',
  ]);
});

test('the plainest command is a GET', () => {
  expect(request(`curl ${URL_}`)).toEqual({ url: URL_, method: 'GET', headers: [], body: null });
  expect(request('curl api.example.com/x').url).toBe('http://api.example.com/x');
  expect(request(`$ curl ${URL_}`).url).toBe(URL_);
  expect(request(`/usr/bin/curl --url ${URL_}`).url).toBe(URL_);
});

test('headers, methods and bodies are as curl would send them', () => {
  const text = `curl -X POST '${URL_}' \\
    -H 'Authorization: Bearer kw_live_abc' \\
    --header "Content-Type: application/json" \\
    -d '{"a": "it'"'"'s"}'`;
  expect(request(text)).toEqual({
    url: URL_,
    method: 'POST',
    headers: [
      { name: 'Authorization', value: 'Bearer kw_live_abc' },
      { name: 'Content-Type', value: 'application/json' },
    ],
    body: '{"a": "it\'s"}',
  });
  expect(request(`curl ${URL_} -d a=1 -d b=2`)).toEqual({
    url: URL_,
    method: 'POST',
    headers: [{ name: 'Content-Type', value: 'application/x-www-form-urlencoded' }],
    body: 'a=1&b=2',
  });
  expect(request(`curl ${URL_} --json '{"a":1}'`)).toEqual({
    url: URL_,
    method: 'POST',
    headers: [
      { name: 'Content-Type', value: 'application/json' },
      { name: 'Accept', value: 'application/json' },
    ],
    body: '{"a":1}',
  });
  expect(request(`curl ${URL_} --data-raw @x`).body).toBe('@x');
  expect(request(`curl ${URL_} -d a -H 'Content-Type:'`).headers).toEqual([]);
  expect(request(`curl ${URL_} -H 'X-Empty;'`).headers).toEqual([{ name: 'X-Empty', value: '' }]);
  expect(request(`curl ${URL_} --data-urlencode 'a=b c' --data-urlencode '=d&e'`).body).toBe('a=b%20c&d%26e');
});

test('letters stand together, with a value behind the last one', () => {
  const sent = request(`curl -sSLkXDELETE -H'X-A: b' ${URL_} --compressed -o /dev/null -m 5 --retry 3`);
  expect(sent).toEqual({ url: URL_, method: 'DELETE', headers: [{ name: 'X-A', value: 'b' }], body: null });
  expect(request(`curl -I ${URL_}`).method).toBe('HEAD');
  expect(request(`curl -T f ${URL_}`).method).toBe('PUT');
});

test('-G puts the data into the query', () => {
  const sent = request(`curl -G '${URL_}?a=1#top' -d b=2 --data-urlencode 'c=d e'`);
  expect(sent).toEqual({ url: `${URL_}?a=1&b=2&c=d%20e#top`, method: 'GET', headers: [], body: null });
  expect(request(`curl ${URL_} --url-query x=1`).url).toBe(`${URL_}?x=1`);
});

test('r81 -u is a basic credential, also of a bare key', () => {
  const basic = (text: string) => request(text).headers[0]?.value;
  expect(basic(`curl -u key: ${URL_}`)).toBe(`Basic ${btoa('key:')}`);
  expect(basic(`curl -u :key ${URL_}`)).toBe(`Basic ${btoa(':key')}`);
  expect(basic(`curl --user kéy:ü ${URL_}`)).toBe(`Basic ${Buffer.from('kéy:ü').toString('base64')}`);
  expect(hints(`curl -u key ${URL_}`)).toEqual([expect.stringContaining('ask for the password')]);
  expect(request(`curl --oauth2-bearer abc ${URL_}`).headers).toEqual([{ name: 'Authorization', value: 'Bearer abc' }]);
  expect(request(`curl -b a=b -A me ${URL_}`).headers.map((one) => one.name)).toEqual(['Cookie', 'User-Agent']);
});

test('a command that was copied for Windows is read too', () => {
  const text = `curl ^"${URL_}?a=1^&b=2^" ^\r\n  -H ^"X-Quoted: a ^\\^"b^\\^"^"`;
  expect(request(text)).toEqual({
    url: `${URL_}?a=1&b=2`,
    method: 'GET',
    headers: [{ name: 'X-Quoted', value: 'a "b"' }],
    body: null,
  });
});

test('what can’t be known here is told', () => {
  const sent = parseCurl(`curl ${URL_} -H "Authorization: Bearer $KEY"`);
  expect(sent).toEqual({
    request: { url: URL_, method: 'GET', headers: [{ name: 'Authorization', value: 'Bearer $KEY' }], body: null },
    hints: [expect.stringMatching(/^\$KEY stands for something/)],
  });
  expect(hints(`curl ${URL_} -H 'Authorization: Bearer $KEY'`)).toEqual([expect.stringContaining('single quotes')]);
  expect(hints(`curl ${URL_} -d @body.json`)).toEqual([expect.stringContaining('from a file')]);
  expect(hints(`curl ${URL_} -F a=b`)).toEqual([expect.stringContaining('A form')]);
  expect(hints(`curl ${URL_} | jq .`)).toEqual([expect.stringContaining('What follows |')]);
  expect(hints(`curl ${URL_} https://other.example`)).toEqual([expect.stringContaining('more than one URL')]);
  expect(hints(`curl ${URL_}?a=1&b=2`)).toEqual([expect.stringContaining('quote the URL')]);
  expect(hints(`curl ${URL_} -d '{"currency": "$US"}'`)).toEqual([]);
  expect(hints(`curl ${URL_}`)).toEqual([]);
});

test('what is no curl command says why', () => {
  expect(fault('')).toContain('Paste');
  expect(fault('wget https://x.example')).toContain('begin with “curl”');
  expect(fault('curl -H')).toContain('-H wants a value');
  expect(fault("curl -H 'nothing' https://x.example")).toContain('no colon');
  expect(fault('curl -s')).toContain('no URL');
  expect(fault('curl http://')).toContain('is none');
  expect(fault(`curl ${URL_} ${'-H "A: b" '.repeat(101)}`)).toContain('more than 100');
  expect(fault('x'.repeat(TEXT_MAX + 1))).toContain('longer than 64 kB');
});
