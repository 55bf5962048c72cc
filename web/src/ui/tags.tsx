import { Badge, Group } from '@mantine/core';

interface TagsProps {
  label: string;
  items: readonly string[];
  /** A colour of the theme. */
  color: string;
}

/** Short texts side by side; a long one wraps, since nothing of what is clinical may be cut off. */
export function Tags({ label, items, color }: TagsProps) {
  return (
    <Group gap={6} component="ul" m={0} p={0} style={{ listStyle: 'none' }} aria-label={label}>
      {items.map((item, i) => (
        <li key={i} style={{ maxWidth: '100%' }}>
          <Badge color={color} size="lg" className="wrapping">
            {item}
          </Badge>
        </li>
      ))}
    </Group>
  );
}
