export function watch(url, onPart) {
  return { close() {} };
}
