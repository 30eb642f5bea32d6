import { Select } from '@mantine/core';
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

/** Which API, or every one; with `isLabelled` its name stands above it. */
export function ApiChoice({
  value,
  onChange,
  isLabelled = false,
}: {
  value: string | null;
  onChange: (value: string | null) => void;
  isLabelled?: boolean;
}) {
  const apis = useApis();
  return (
    <Select
      label={isLabelled ? 'API' : undefined}
      aria-label={isLabelled ? undefined : 'API'}
      placeholder="Every API"
      clearable
      w={isLabelled ? 150 : 180}
      value={value}
      onChange={onChange}
      data={apis.data?.items.map((one) => one.name) ?? []}
    />
  );
}
