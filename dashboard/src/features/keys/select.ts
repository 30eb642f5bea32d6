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
    words.every((word) => isIn(word, key));
  const sign = chosen.down ? -1 : 1;
  const compare = chosen.column === 'name' ? NAMES.compare : order;
  // What a key is ordered by is worked out once for each, not once for each comparison.
  const ranked = keys.filter(fits).map((key) => ({ key, rank: rank(key, chosen.column) }));
  return ranked.sort((a, b) => sign * compare(a.rank, b.rank)).map(({ key }) => key);
}

const NAMES = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });
/** Shorter words are not looked for in last letters, or in ids: chance puts them into many of those. */
const HINT_MIN = 4;
const ID_MIN = 8;

function isIn(word: string, key: Key): boolean {
  const { said, hints, id } = searched(key);
  return (
    said.includes(word) ||
    (word.length >= HINT_MIN && hints.includes(word)) ||
    (word.length >= ID_MIN && id.includes(word))
  );
}

/** The texts in which a key is searched: what people said of it, and what was made up for it. */
interface Searched {
  said: string;
  hints: string;
  id: string;
}

const texts = new WeakMap<Key, Searched>();

/** Worked out once: a key that was read does not change. */
function searched(key: Key): Searched {
  const known = texts.get(key);
  if (known) return known;
  const said = [key.name, key.external_id, ...key.tags, ...key.scopes];
  const hints = key.secrets.map((secret) => secret.hint);
  const text = (all: (string | null | undefined)[]) => all.filter(Boolean).join('\n').toLowerCase();
  const found = { said: text(said), hints: text(hints), id: key.id };
  texts.set(key, found);
  return found;
}

/** What a key is ordered by; what is not there comes last when going up. */
function rank(key: Key, column: Column): string {
  switch (column) {
    case 'name':
      return key.name ?? '\uffff';
    case 'standing':
      return String(STANDINGS.indexOf(key.standing));
    case 'created':
      return key.created_at;
    case 'expires':
      return key.expires_at ?? '9999';
    case 'used':
      return lastUsed(key) ?? '';
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
