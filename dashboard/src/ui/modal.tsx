import { Modal as Dialog, type ModalProps } from '@mantine/core';
import { useEffect, useMemo } from 'react';
import { afterDrawing, focusAgain, focusOrigin } from '../lib/focus';

/**
 * A dialog. However it closes, and also where it is taken away while it is open, the keyboard goes back to what opened
 * it. What replaces a form within it, such as a new secret, has the keyboard in the same dialog.
 */
export function Modal({ opened, onExitTransitionEnd, ...rest }: ModalProps) {
  // While this is drawn for the first time the dialog has not taken the keyboard yet.
  const origin = useMemo(() => (opened ? focusOrigin() : null), [opened]);
  useEffect(() => {
    if (!opened) return;
    return () => afterDrawing(() => focusAgain(origin));
  }, [opened, origin]);
  useEffect(() => {
    if (opened) focusAgain(null);
  });
  return (
    <Dialog
      opened={opened}
      onExitTransitionEnd={() => {
        focusAgain(origin);
        onExitTransitionEnd?.();
      }}
      {...rest}
    />
  );
}
