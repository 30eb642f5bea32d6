export type Area = 'keys' | 'people' | 'usage' | 'logs' | 'settings' | 'audit';
export type Permission = `${Area}.${'read' | 'write'}`;

/** Whether these permissions include that one: `*` is everything, writing includes reading. */
export function includes(own: readonly string[], wanted: Permission): boolean {
  const [area] = wanted.split('.');
  return own.includes('*') || own.includes(wanted) || (wanted.endsWith('.read') && own.includes(`${area}.write`));
}
