import { useQuery } from '@tanstack/react-query';
import { answered, ownClient } from '../api/client';

/** Every API, for whoever runs the deployment. */
export function useApis() {
  return useQuery({
    queryKey: ['apis', null],
    queryFn: () => answered(ownClient.GET('/v1/apis')),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
