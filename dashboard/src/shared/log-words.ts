import type { Wire } from '../api/client';

/** What can come of a request, as people choose it. */
export const OUTCOMES: { value: Wire['LogOutcome']; label: string }[] = [
  { value: 'success', label: 'Answered well' },
  { value: 'error', label: 'Answered badly' },
  { value: 'refused', label: 'Refused' },
];

export function outcomeColor(entry: Pick<Wire['LogEntry'], 'outcome'>): string {
  if (entry.outcome === 'success') return 'teal';
  return entry.outcome === 'refused' ? 'red' : 'orange';
}
