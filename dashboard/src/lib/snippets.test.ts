import { expect, test } from 'vitest';
import type { Wire } from '../api/client';
import { authorization, baseUrl, snippets } from './snippets';

const call = (scheme: Wire['Scheme']) =>
  snippets({ url: 'https://api.example.com/v1/hello', scheme, publicId: 'ABC-DEF-1234', variable: 'SHOP_KEY' });
const api = (url: string, url_configured: boolean) => ({ url, url_configured }) as Wire['Api'];

test('every language reads the secret from the environment and calls the same address', () => {
  for (const scheme of [{ type: 'bearer' }, { type: 'basic' }, { type: 'header', name: 'x-api-key' }] as const) {
    const all = call(scheme);
    expect(all.map((one) => one.title)).toEqual(['curl', 'Python', 'JavaScript', 'Ruby', 'Go', 'Rust']);
    for (const { code } of all) {
      expect(code).toContain('SHOP_KEY');
      expect(code).toContain('https://api.example.com/v1/hello');
    }
  }
});

test('r84 a basic credential is the bare secret encoded, in a header as in a column', () => {
  const secret = 'abcDEF123';
  expect(authorization({ type: 'basic' }, secret)).toBe(`Basic ${Buffer.from(secret).toString('base64')}`);
  const [curl] = call({ type: 'basic' });
  expect(curl?.code).toContain('-H "Authorization: Basic $(printf %s "$SHOP_KEY" | base64 -w 0)"');
});

test('r2 a pair of headers carries the account’s id and the secret', () => {
  const [curl] = call({ type: 'pair', account: 'x-clevertap-account-id', secret: 'x-clevertap-passcode' });
  expect(curl?.code).toBe(
    [
      "curl 'https://api.example.com/v1/hello'",
      "  -H 'X-Clevertap-Account-Id: ABC-DEF-1234'",
      '  -H "X-Clevertap-Passcode: $SHOP_KEY"',
    ].join(' \\\n'),
  );
});

test('r11 the region’s host is called, unless the configuration names an address', () => {
  expect(baseUrl(api('https://eu1.example.com/v1', false), ['in1.example.com'])).toBe('https://in1.example.com/v1');
  expect(baseUrl(api('http://127.0.0.1:8080/x', true), ['in1.example.com'])).toBe('http://127.0.0.1:8080/x');
  expect(baseUrl(api('http://127.0.0.1:8080', false), [])).toBe('http://127.0.0.1:8080');
});
