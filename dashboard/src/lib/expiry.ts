import type { Wire } from '../api/client';

/** How long a key shall live, while somebody chooses. */
export type Choice = { mode: 'unsaid' } | { mode: 'days'; days: number | '' } | { mode: 'never' };

const PRESETS = [7, 30, 90, 365];

/** The numbers of days to offer: those that the rules permit. */
export function presets(rules: Wire['ExpiryRules']): number[] {
  return PRESETS.filter((days) => days >= rules.days_min && days <= rules.days_max);
}

/** What is sent; `undefined` while nothing was said. */
export function toExpires(choice: Choice): Wire['Expires'] | undefined {
  if (choice.mode === 'never') return 'never';
  if (choice.mode === 'days' && choice.days !== '') return { days: choice.days };
  return undefined;
}

/** What is wrong with a choice; `null`: nothing. */
export function fault(choice: Choice, rules: Wire['ExpiryRules'], isNeeded: boolean): string | null {
  if (choice.mode === 'unsaid') return isNeeded ? 'Say how long it is good for.' : null;
  if (choice.mode === 'never') return null;
  const fits =
    choice.days !== '' &&
    Number.isInteger(choice.days) &&
    choice.days >= rules.days_min &&
    choice.days <= rules.days_max;
  const range = `${rules.days_min.toLocaleString('en')} to ${rules.days_max.toLocaleString('en')}`;
  return fits ? null : `A whole number of days, ${range}.`;
}

/** What a choice comes to, in a sentence. */
export function meaning(
  choice: Choice,
  rules: Wire['ExpiryRules'],
  now: number,
  format: (iso: string) => string,
): string {
  const end = (days: number) => format(new Date(now + days * 86_400_000).toISOString());
  if (choice.mode === 'never') {
    const days = rules.never_means_days;
    return days == null
      ? 'It never expires. Rotate it regularly, and delete it when nobody needs it any more.'
      : `It ends on ${end(days)}: here, forever means ${days.toLocaleString('en')} days.`;
  }
  if (choice.mode === 'days' && choice.days !== '' && fault(choice, rules, false) === null) {
    return `It ends on ${end(choice.days)}.`;
  }
  return 'A short life limits what a lost secret can do.';
}
