import { expect, test } from 'vitest';
import { read, told } from './ask';

test('one word is an id, an address a request, anything else a command or a fault', () => {
  expect(read(' req_0123 \n')).toEqual({ kind: 'id', id: 'req_0123' });
  expect(read('https://api.example.com/x?a=1&b=2')).toMatchObject({
    kind: 'request',
    request: { url: 'https://api.example.com/x?a=1&b=2', method: 'GET' },
  });
  expect(read("curl 'https://api.example.com/x' -d a")).toMatchObject({ kind: 'request', request: { method: 'POST' } });
  expect([read(''), read('curl'), read('please explain'), read('x'.repeat(201))].map((one) => one.kind)).toEqual(
    Array(4).fill('fault'),
  );
});

test('what is told of a request holds no value of it', () => {
  const asked = read("curl 'https://api.example.com/x?key=hidden' -H 'X-Key: hidden' -d hidden");
  if (asked.kind !== 'request') throw new Error('a request');
  expect(told(asked.request)).toBe('POST with X-Key, Content-Type, and 6 characters of body');
});
