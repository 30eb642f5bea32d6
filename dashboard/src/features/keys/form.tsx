import { Anchor, Checkbox, Group, Input, NumberInput, Stack, TagsInput, Text } from '@mantine/core';
import type { Wire } from '../../api/client';
import type { Refused } from '../../api/problem';
import { per } from '../../lib/time';
import { Tag } from '../../ui/parts';

/** Which scopes a key has: nothing is chosen beforehand, each says what it permits. */
export function ScopeField({
  api,
  value,
  onChange,
  approval,
  error,
  required,
}: {
  api: Wire['Api'];
  value: string[];
  onChange: (value: string[]) => void;
  approval: readonly string[];
  error?: string;
  required: boolean;
}) {
  return (
    <Checkbox.Group
      label="Scopes"
      description="What it may do. Choose only what its program needs: a lost key can do no more than that."
      value={value}
      onChange={onChange}
      error={error}
      withAsterisk={required}
    >
      <Stack gap="xs" mt="xs">
        {api.scopes.map((scope) => (
          <Checkbox
            key={scope.name}
            value={scope.name}
            label={
              <Group gap={6} component="span">
                <Text component="span" fz="sm" ff="monospace">
                  {scope.name}
                </Text>
                {approval.includes(scope.name) && <Tag color="blue">needs approval</Tag>}
              </Group>
            }
            description={scope.description}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}

/** A limit of the key's own, in the window of the API's limit of the same name. */
export function LimitField({
  common,
  value,
  onChange,
  error,
}: {
  common: Wire['Limit'] | undefined;
  value: number | '';
  onChange: (value: number | '') => void;
  error?: string;
}) {
  const window = common?.window_s ?? HOUR_S;
  const told = common
    ? `Left empty: ${common.limit.toLocaleString('en')} per ${per(window)}, as every key of this API.`
    : 'Left empty: no limit.';
  return (
    <NumberInput
      label={`Limit: requests per ${per(window)}`}
      description={`${told} One above what its program needs catches mistakes and misuse early.`}
      value={value}
      onChange={(value) => onChange(typeof value === 'number' ? value : '')}
      min={1}
      allowDecimal={false}
      allowNegative={false}
      thousandSeparator=","
      clampBehavior="none"
      error={error}
    />
  );
}

export const HOUR_S = 3_600;

/** The own limits of a key that has this one number for the usual limit. */
export function limits(value: number | '', common: Wire['Limit'] | undefined): Wire['Limit'][] {
  if (value === '') return [];
  const name = common?.name ?? 'default';
  return [common ? { name, limit: value } : { name, limit: value, window_s: HOUR_S }];
}

export function AddressField({
  value,
  onChange,
  refused,
}: {
  value: string[];
  onChange: (value: string[]) => void;
  refused: Refused | null;
}) {
  return (
    <TagsInput
      label="Addresses"
      description="Where it may be used from, such as 203.0.113.7 or 203.0.113.0/24. Left empty: from anywhere."
      placeholder={value.length === 0 ? 'Write one, then press Enter' : undefined}
      value={value}
      onChange={onChange}
      error={refused?.at('/addresses')}
      acceptValueOnBlur
      clearable
    />
  );
}

export function LabelFields({
  tags,
  externalId,
  onTags,
  onExternalId,
  refused,
}: {
  tags: string[];
  externalId: string;
  onTags: (value: string[]) => void;
  onExternalId: (value: string) => void;
  refused: Refused | null;
}) {
  return (
    <>
      <TagsInput
        label="Tags"
        description="Words to find it by."
        value={tags}
        onChange={onTags}
        error={refused?.at('/tags')}
        acceptValueOnBlur
      />
      <Input.Wrapper
        label="Your own id"
        description="Of the customer, contract or program in your own systems."
        error={refused?.at('/external_id')}
      >
        <Input value={externalId} onChange={(event) => onExternalId(event.currentTarget.value)} />
      </Input.Wrapper>
    </>
  );
}

export function More({ open, onToggle, children }: { open: boolean; onToggle: () => void; children: React.ReactNode }) {
  return (
    <Stack gap="md">
      <Anchor component="button" type="button" fz="sm" ta="left" onClick={onToggle} aria-expanded={open}>
        {open ? 'Fewer settings' : 'More settings'}
      </Anchor>
      {open && children}
    </Stack>
  );
}
