import type { Wire } from '../../api/client';
import { lastUsed } from '../../shared/key-facts';
import { type Column, STANDINGS } from './search';

export interface Selection {
  text: string;
  standing: Wire['Standing'] | null;
  environment: Wire['Environment'] | null;
  column: Column;
  down: boolean;
}

type Key = Wire['Key'];

/** The keys that fit, in the chosen order. Every word of the text must be found somewhere in a key. */
export function select(keys: readonly Key[], chosen: Selection): Key[] {
  const words = chosen.text.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (key: Key) =>
    (chosen.standing === null || key.standing === chosen.standing) &&
    (chosen.environment === null || key.environment === chosen.environment) &&
    (words.length === 0 || contains(key, words));
  const sign = chosen.down ? -1 : 1;
  return keys.filter(fits).sort((a, b) => sign * compare(a, b, chosen.column));
}

function contains(key: Key, words: readonly string[]): boolean {
  const hints = key.secrets.map((secret) => secret.hint);
  const all = [key.name, key.id, key.external_id, ...key.tags, ...key.scopes, ...hints];
  const text = all.filter(Boolean).join('\n').toLowerCase();
  return words.every((word) => text.includes(word));
}

/** Orders two keys; what is not there comes last when going up. */
function compare(a: Key, b: Key, column: Column): number {
  switch (column) {
    case 'name':
      return (a.name ?? '\uffff').localeCompare(b.name ?? '\uffff', undefined, { numeric: true, sensitivity: 'base' });
    case 'standing':
      return STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing);
    case 'created':
      return order(a.created_at, b.created_at);
    case 'expires':
      return order(a.expires_at ?? '9999', b.expires_at ?? '9999');
    case 'used':
      return order(lastUsed(a) ?? '', lastUsed(b) ?? '');
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** How many keys stand how. */
export function countByStanding(keys: readonly Key[]): Map<Wire['Standing'], number> {
  const counts = new Map<Wire['Standing'], number>();
  for (const key of keys) counts.set(key.standing, (counts.get(key.standing) ?? 0) + 1);
  return counts;
}
