/** What each kind of notice tells. Kinds that a newer server knows are told by their own words. */
const KINDS: Record<string, string> = {
  'key.expiring': 'A key nears its end',
  'key.expired': 'A key has ended',
  'key.created': 'A key was made or asked for',
  'key.revealed': 'A secret was shown again',
  'key.picked_up': 'A secret was picked up by its link',
  'key.exposed': 'A secret was published, or sent in clear',
  'key.rotated': 'A key has a new secret',
  'key.revoked': 'A key was revoked or deleted',
  'limit.reached': 'A limit is nearly or wholly used up',
  'refusals.revoked_key': 'A revoked key is still being sent',
  'refusals.unknown_keys': 'One address tries many unknown keys',
  'person.added': 'Somebody was invited',
  'person.joined': 'Somebody joined',
  'person.changed': 'Somebody’s role or standing changed',
  'person.removed': 'Somebody was removed',
  'webhook.disabled': 'A webhook was switched off',
};

/** What goes to one mailbox alone, whatever its owner chose. */
const DIRECT: Record<string, string> = {
  invitation: 'An invitation was sent',
  password_reset: 'A link to a new password was sent',
  digest: 'What came up in a day',
  test: 'A test',
};

export function noticeWords(kind: string): string {
  const text = kind.replaceAll(/[._]/g, ' ');
  return KINDS[kind] ?? DIRECT[kind] ?? text.charAt(0).toUpperCase() + text.slice(1);
}

/** Every kind whose mails can be chosen, as far as this page knows them. */
export const NOTICE_KINDS = Object.keys(KINDS);
/** Those that waits for no daily digest. */
export const AT_ONCE = ['key.exposed', 'refusals.revoked_key', 'refusals.unknown_keys'];
/** Those that concern no account. */
export const OF_OPERATORS = ['refusals.unknown_keys'];
