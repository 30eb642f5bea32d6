import type { Wire } from '../api/client';
import { per } from '../lib/time';
import { type Words, word } from '../lib/words';

/** What people call a key. */
export function keyName(
  key: { name?: string | null; kind: Wire['Kind']; secrets?: Wire['SecretInfo'][] },
  words: Words,
): string {
  if (key.name) return key.name;
  const noun = word(words, key.kind === 'personal' ? 'personal_key' : 'key');
  const hint = key.secrets?.[0]?.hint;
  return hint ? `${noun} ${hint}` : noun;
}

/** When any secret of a key was last accepted. */
export function lastUsed(key: Wire['Key']): string | null {
  const all = key.secrets.map((secret) => secret.last_used_at).filter((at) => at != null);
  return all.sort().at(-1) ?? null;
}

/** `1,000 per hour`; what a limit leaves out comes from the API's limit of the same name. */
export function limitText(limit: Wire['Limit'], common: readonly Wire['Limit'][] = []): string {
  const seconds = limit.window_s ?? common.find((one) => one.name === limit.name)?.window_s;
  const window = seconds ? ` per ${per(seconds)}` : '';
  return `${limit.limit.toLocaleString('en')}${window}`;
}

/** The limit that a key of this environment has where it names none. */
export function defaultLimit(api: Wire['Api'], environment: Wire['Environment']): Wire['Limit'] | undefined {
  const limits = environment === 'live' ? api.limits_live : api.limits_test;
  return limits.find((limit) => limit.name === 'default') ?? limits[0];
}

/** The rules of a kind of key; every API issues account keys or personal ones. */
export function rulesOf(api: Wire['Api'], kind: Wire['Kind']): Wire['KindRules'] | undefined {
  return api.kinds.find((rules) => rules.kind === kind);
}

/** Whether a key can still be used or become usable. */
export function isEnded(key: Wire['Key']): boolean {
  return key.standing === 'revoked';
}
