/**
 * The row, unless it was found under another text than the one that was asked for: tables pad texts with blanks before they
 * compare them, so that 'ID ' finds ID. Elsewhere, as in ZooKeeper and on the bus, these are two.
 */
export const exactly = <E extends object, K extends keyof E>(found: E | null, key: K, asked: E[K]): E | null =>
  found !== null && found[key] === asked ? found : null;
