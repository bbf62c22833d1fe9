/** Group what has the same key, in the order of their first. */
export function groupBy<Each, Key>(
  items: Iterable<Each>,
  keyOf: (each: Each) => Key,
): Map<Key, Each[]> {
  const groups = new Map<Key, Each[]>();
  for (const each of items) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return groups;
}
