/** What went wrong; `code` is stable and the same on every host, `message` is for people. */
export class MarkerbedError extends Error {
  /** Of every such error, also of those from another copy of this package. */
  override readonly name = 'MarkerbedError';
  /** What it is, as one of the codes that the reference lists. */
  readonly code: string;

  /** Says what went wrong. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Runs a call of the engine; what it throws becomes a {@link MarkerbedError}. */
export async function told<T>(call: () => Promise<T> | T): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw typed(error);
  }
}

export function typed(error: unknown): unknown {
  if (error instanceof Error && !(error instanceof MarkerbedError) && 'code' in error) {
    return new MarkerbedError(String(error.code), error.message, { cause: error });
  }
  return error;
}
