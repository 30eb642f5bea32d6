/** One wrong member of what was sent. */
export interface FieldFault {
  pointer?: string | null;
  parameter?: string | null;
  message: string;
}

/** Why the server refused something, as a thing to throw. Never holds what was sent. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly faults: FieldFault[];

  constructor(status: number, code: string, detail: string, faults: FieldFault[] = []) {
    super(detail);
    this.name = 'Refused';
    this.status = status;
    this.code = code;
    this.faults = faults;
  }

  /** What is wrong with the member at this JSON pointer, or below it. */
  at(pointer: string): string | undefined {
    const own = this.faults.filter((fault) => fault.pointer === pointer || fault.pointer?.startsWith(`${pointer}/`));
    return own.length > 0 ? own.map((fault) => capital(fault.message)).join('. ') : undefined;
  }

  /** The text for the whole form: faults that no field shows are told here, others are pointed to. */
  text(shown: readonly string[] = []): string {
    if (this.status === 412) return 'It was changed since you began. Load it again, then make your change anew.';
    if (this.faults.length === 0) return this.message;
    const isShown = (fault: FieldFault) =>
      shown.some((pointer) => fault.pointer === pointer || fault.pointer?.startsWith(`${pointer}/`));
    const rest = this.faults.filter((fault) => !isShown(fault));
    const told = rest.map((fault) => {
      const where = fault.pointer || fault.parameter?.replaceAll('_', ' ');
      return `${capital(where ? `${where}: ${fault.message}` : fault.message)}.`;
    });
    return [...told, ...(rest.length < this.faults.length ? ['See what is marked.'] : [])].join(' ');
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What a failed answer means. */
export function refusal(response: Response, body: unknown): Refused {
  if (typeof body === 'object' && body !== null && 'code' in body && 'detail' in body) {
    const faults = 'errors' in body && Array.isArray(body.errors) ? (body.errors as FieldFault[]) : [];
    return new Refused(response.status, String(body.code), String(body.detail), faults);
  }
  return new Refused(response.status, 'unexpected', `The server answered ${response.status} without saying why.`);
}

/** Whatever was thrown, as a refusal that can be shown. */
export function asRefused(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  if (thrown instanceof TypeError) {
    return new Refused(0, 'unreachable', 'The server can’t be reached. Check the connection, then try again.');
  }
  console.error(thrown);
  return new Refused(0, 'unexpected', 'Something in this page went wrong; its console says more. Load it again.');
}
