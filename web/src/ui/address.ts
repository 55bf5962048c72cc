import { useSearchParams } from 'wouter';

/** The page's query, and a way to change some of it in place: empty texts are taken out. */
export function useAddress(): [URLSearchParams, (changed: Readonly<Record<string, string>>) => void] {
  const [search, setSearch] = useSearchParams();
  const change = (changed: Readonly<Record<string, string>>): void =>
    setSearch(
      (present) => {
        const next = new URLSearchParams(present);
        for (const [name, value] of Object.entries(changed))
          if (value === '') next.delete(name);
          else next.set(name, value);
        return next;
      },
      { replace: true },
    );
  return [search, change];
}
