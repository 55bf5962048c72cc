import { Card } from '@mantine/core';
import type { ComponentProps } from 'react';
import { Link } from '../../app/link';
import { FigureWords } from '../../ui/figure';

/** A figure of the home page: a link to where it comes from. */
export function FigureLink({ to, ...figure }: ComponentProps<typeof FigureWords> & { to: string }) {
  return (
    <Card component={Link} to={to} className="tile" padding="md">
      <FigureWords {...figure} />
    </Card>
  );
}
