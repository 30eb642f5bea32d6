/** What an API's preset calls things. The server fills in what the preset leaves out. */
export type Words = Record<string, string>;

/** One of the words; its own name where a server is older than this page. */
export function word(words: Words, name: string): string {
  return words[name] ?? name.replaceAll('_', ' ');
}

/** With a capital at the beginning; abbreviations stay as they are. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a passcode`, `an API key`, `a user passcode` */
export function indefinite(noun: string): string {
  return `${/^(?:[aeio]|u(?!se|ni))/i.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** `1 key`, `2,000 keys` */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

/** `824 B`, `1.5 kB`, `3.2 GB` */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const at = Math.min(units.length - 1, bytes < 1_000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1_000 ** at).toLocaleString('en', { maximumFractionDigits: at === 0 ? 0 : 1 })} ${units[at]}`;
}

/** `3.2 ms`, `140 ms`, `2.5 s`; a dash where nothing is known. */
export function ms(value: number | null | undefined): string {
  if (value == null) return '–';
  if (value >= 10_000) return `${(value / 1_000).toLocaleString('en', { maximumFractionDigits: 1 })} s`;
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 1 ? 2 : value < 10 ? 1 : 0 })} ms`;
}

/** `99.2 %`; a dash where nothing is known. What is not all of it never reads as all of it. */
export function percent(part: number | null | undefined): string {
  if (part == null) return '–';
  const shown = part < 1 ? Math.min(part * 100, 99.9) : 100;
  return `${shown.toLocaleString('en', { maximumFractionDigits: 1 })} %`;
}
