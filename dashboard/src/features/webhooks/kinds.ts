/** What a webhook can be told of, grouped as people think of it. Mail to one person is for nobody else. */
export const KINDS: [string, string[]][] = [
  [
    'Keys',
    [
      'key.created',
      'key.rotated',
      'key.revealed',
      'key.picked_up',
      'key.revoked',
      'key.expiring',
      'key.expired',
      'key.exposed',
    ],
  ],
  ['Use', ['limit.reached', 'refusals.unknown_keys', 'refusals.revoked_key']],
  ['People', ['person.added', 'person.joined', 'person.changed', 'person.removed']],
];
