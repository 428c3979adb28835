// Asks the module; the same code in Node and in a page.
export function ask(suites, question) {
  if ('vectors' in question) {
    return suites.vectors(question.vectors);
  }
  // JSON has no numbers of 64 bits.
  return suites.program(BigInt(question.program), question.plant);
}
