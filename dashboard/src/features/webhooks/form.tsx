import { Checkbox, Stack, Switch, Text, TextInput } from '@mantine/core';
import type { Refused } from '../../api/problem';
import { noticeWords } from '../../shared/notice-words';
import { KINDS } from './kinds';

export interface HookForm {
  url: string;
  everything: boolean;
  kinds: string[];
}

export function WebhookFields({
  value,
  onChange,
  refused,
}: {
  value: HookForm;
  onChange: (value: HookForm) => void;
  refused: Refused | null;
}) {
  return (
    <>
      <TextInput
        label="URL"
        description="Where to post to; https, on the public internet unless the operator permits more."
        placeholder="https://example.com/hooks/keyward"
        value={value.url}
        onChange={(event) => onChange({ ...value, url: event.currentTarget.value })}
        error={refused?.at('/url')}
        type="url"
        required
        data-autofocus
      />
      <KindFields value={value} onChange={onChange} />
      {refused?.at('/kinds') && (
        <Text fz="sm" c="red">
          {refused.at('/kinds')}
        </Text>
      )}
    </>
  );
}

export function KindFields({ value, onChange }: { value: HookForm; onChange: (value: HookForm) => void }) {
  return (
    <>
      <Switch
        label="Told of everything"
        description="Also of kinds that later versions add."
        checked={value.everything}
        onChange={(event) => onChange({ ...value, everything: event.currentTarget.checked })}
      />
      {!value.everything && (
        <Checkbox.Group label="Told of" value={value.kinds} onChange={(kinds) => onChange({ ...value, kinds })}>
          <Stack gap="sm" mt={6}>
            {KINDS.map(([title, kinds]) => (
              <Stack key={title} gap={8}>
                <Text fz={12} fw={600} className="quiet">
                  {title}
                </Text>
                {kinds.map((kind) => (
                  <Checkbox key={kind} value={kind} label={kind} description={noticeWords(kind)} />
                ))}
              </Stack>
            ))}
          </Stack>
        </Checkbox.Group>
      )}
    </>
  );
}
