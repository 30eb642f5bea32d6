import type { Wire } from '../../api/client';

export const STANDINGS = [
  'active',
  'expiring_soon',
  'expired',
  'disabled',
  'revoked',
  'pending',
  'awaiting_pickup',
] as const satisfies readonly Wire['Standing'][];

export const COLUMNS = ['name', 'standing', 'created', 'expires', 'used'] as const;
export type Column = (typeof COLUMNS)[number];

/** What the address says of the list: filters and order, so that a list can be sent to somebody. */
export interface ListSearch {
  q?: string;
  standing?: Wire['Standing'];
  environment?: Wire['Environment'];
  column?: Column;
  down?: boolean;
}
