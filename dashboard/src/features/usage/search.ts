import type { Wire } from '../../api/client';
import { type Last, type Stretch, stretchOf } from '../../lib/stretch';

export const LASTS: readonly Last[] = ['1h', '24h', '7d', '30d', '90d'];
const USUAL: Last = '24h';

/** What the address says of the page: a look at usage can be sent to somebody. */
export interface UsageSearch {
  stretch: Stretch;
  api?: string;
  route?: string;
  environment?: Wire['Environment'];
  outcome?: string;
}

/** What an address says; what makes no sense is passed over. */
export function usageSearch(search: Record<string, unknown>): UsageSearch {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    stretch: stretchOf(search, USUAL),
    api: text(search.api),
    route: text(search.route),
    environment: (['live', 'test'] as const).find((one) => one === search.environment),
    outcome: text(search.outcome),
  };
}

/** How an address says it. */
export function written({ stretch, ...rest }: UsageSearch): Record<string, string | undefined> {
  const isUsual = 'last' in stretch && stretch.last === USUAL;
  return { ...(isUsual ? {} : stretch), ...rest };
}
