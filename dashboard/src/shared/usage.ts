import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answered, type Wire } from '../api/client';
import { asked, isOpen, type Stretch } from '../lib/stretch';
import { useView } from '../session/view';

const EVERY_MS = 15_000;

/** Whose requests are asked about, and which of them; everything may be left out. */
export interface Whose {
  key?: string;
  api?: string;
  route?: string;
  environment?: Wire['Environment'];
  outcome?: string;
  /** The length of a step in seconds; what suits the stretch unless said. */
  step_s?: number;
}

/** What happened with one key, in an account, or (for whoever runs the deployment) everywhere or with one API. */
export function useUsage(stretch: Stretch, { key, ...of }: Whose = {}, isWanted = true) {
  const { scope, client, account } = useView();
  return useQuery({
    queryKey: ['usage', account ?? null, key ?? null, of, stretch],
    enabled: isWanted && (scope === null || scope.may('usage.read')),
    refetchInterval: () => (isOpen(stretch, Date.now()) ? EVERY_MS : false),
    placeholderData: keepPreviousData,
    queryFn: () => {
      const whose = key ? { key_id: key } : { account_id: account };
      const query = { ...whose, ...of, ...asked(stretch, Date.now()) };
      return answered(client.GET('/v1/usage', { params: { query } }));
    },
  });
}
