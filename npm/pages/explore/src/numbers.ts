const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });

/** 12,345 */
export function count(number: number): string {
  return whole.format(number);
}

/** 1 file, 2 files */
export function some(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** 1.23 MB, in steps of 1,000. */
export function size(bytes: number): string {
  let rest = bytes;
  for (const unit of ['bytes', 'kB', 'MB', 'GB']) {
    if (rest < 999.5)
      return unit === 'bytes' ? some(bytes, 'byte') : `${short.format(rest)} ${unit}`;
    rest /= 1_000;
  }
  return `${short.format(rest)} TB`;
}

/** The date and time of the person's clock: 2026-11-22 08:10. */
export function when(time: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The digits of an id in groups of 8. */
export function groups(id: string): string[] {
  return id.match(/.{1,8}/g) ?? [];
}
