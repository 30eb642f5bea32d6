/** Where the keyboard is; of a menu, the button that opened it, for the menu is gone once something was chosen. */
export function focusOrigin(): HTMLElement | null {
  const active = document.activeElement;
  const menu = active?.closest('[role="menu"]');
  const origin = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : active;
  return origin instanceof HTMLElement && origin !== document.body ? origin : null;
}

/** Whether the keyboard is nowhere: what it was on is gone, or was switched off, or nothing in particular. */
function isLost(): boolean {
  const active = document.activeElement;
  return active === null || active === document.body || active.matches('[role="dialog"], #main');
}

/** Takes the keyboard back to where it was, unless it is somewhere; to the dialog or the page where that is gone. */
export function focusAgain(origin: HTMLElement | null): void {
  if (!isLost()) return;
  if (origin?.isConnected) origin.focus({ preventScroll: true });
  if (document.activeElement !== document.body) return;
  const rest = [...document.querySelectorAll<HTMLElement>('[role="dialog"]')].at(-1) ?? document.getElementById('main');
  rest?.focus({ preventScroll: true });
}

/** Goes to the first field that says what is wrong with it; a phone may show another part of the form. */
export function focusFault(form: Element | null | undefined): void {
  const field = form?.querySelector('.mantine-InputWrapper-error')?.closest('.mantine-InputWrapper-root');
  const first = (kind: string) => field?.querySelector<HTMLElement>(`:is(${kind}):not(:disabled)`);
  (first('input, textarea') ?? first('button'))?.focus();
}

/** Once what was set before is drawn. */
export function afterDrawing(act: () => void): void {
  requestAnimationFrame(() => setTimeout(act));
}
