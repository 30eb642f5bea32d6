import { Button, Group, Input, NumberInput, Stack, Text } from '@mantine/core';
import { useId } from 'react';
import type { Wire } from '../api/client';
import { type Choice, meaning, presets } from '../lib/expiry';
import { day } from '../lib/time';
import { useNow } from '../ui/use-now';

/** How long a key is good for: a few usual spans, any number of days, or for ever. */
export function ExpiryField({
  rules,
  value,
  onChange,
  error,
  label = 'Good for',
}: {
  rules: Wire['ExpiryRules'];
  value: Choice;
  onChange: (value: Choice) => void;
  error?: string | null;
  label?: string;
}) {
  const now = useNow();
  const id = useId();
  const offered = presets(rules);
  const isPreset = value.mode === 'days' && value.days !== '' && offered.includes(value.days);
  const isOwn = value.mode === 'days' && !isPreset;
  const chip = (title: string, isOn: boolean, choose: Choice) => (
    <Button
      key={title}
      size="compact-sm"
      variant={isOn ? 'filled' : 'default'}
      aria-pressed={isOn}
      onClick={() => onChange(choose)}
    >
      {title}
    </Button>
  );
  return (
    <Input.Wrapper label={label} labelElement="div" labelProps={{ id }} error={error}>
      <Stack gap={8} mt={4} role="group" aria-labelledby={id}>
        <Group gap={6}>
          {offered.map((days) =>
            chip(days === 365 ? '1 year' : `${days} days`, isPreset && value.mode === 'days' && value.days === days, {
              mode: 'days',
              days,
            }),
          )}
          {chip('Set day(s)', isOwn, { mode: 'days', days: '' })}
          {chip('Forever', value.mode === 'never', { mode: 'never' })}
        </Group>
        {isOwn && (
          <NumberInput
            aria-label="Days"
            placeholder="Days"
            w={140}
            min={rules.days_min}
            max={rules.days_max}
            allowDecimal={false}
            value={value.mode === 'days' ? value.days : ''}
            onChange={(days) => onChange({ mode: 'days', days: typeof days === 'number' ? days : '' })}
            clampBehavior="none"
          />
        )}
        <Text fz="xs" className="quiet">
          {meaning(value, rules, now, day)}
        </Text>
      </Stack>
    </Input.Wrapper>
  );
}
