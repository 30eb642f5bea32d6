import { PasswordInput } from '@mantine/core';
import type { Refused } from '../../api/problem';

const LETTERS_MIN = 12;

/** A new password, written once: it can be looked at instead of being written twice. */
export function NewPassword({
  value,
  onChange,
  refused,
  pointer,
}: {
  value: string;
  onChange: (value: string) => void;
  refused: Refused | null;
  pointer: string;
}) {
  return (
    <PasswordInput
      label="New password"
      description={`At least ${LETTERS_MIN} letters; several words are a good choice.`}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="new-password"
      minLength={LETTERS_MIN}
      error={refused?.at(pointer)}
      required
    />
  );
}
