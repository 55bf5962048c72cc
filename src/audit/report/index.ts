import type { ExportSource } from '../export/export';
import type { Filter, Lookups } from '../export/filter';
import { selectEvents } from '../export/select';
import type { EventShape } from '../verify';
import { drawAccess } from './access';
import { drawBrokering } from './brokering';
import { drawRefusals } from './refusals';
import type { Report, ReportDrawer, ReportName } from './report';

export { REPORT_TYPES, renderReport, type ReportFormat } from './render';
export type { Report, ReportName } from './report';
export { summaryPdf } from './summary';

const DRAWERS: Record<ReportName, (lookups: Lookups) => ReportDrawer> = {
  brokering: drawBrokering,
  access: drawAccess,
  refusals: drawRefusals,
};

export const REPORTS = Object.keys(DRAWERS) as ReportName[];

/** Draws a report from the events that pass the filter. */
export async function drawReport(
  name: ReportName,
  source: ExportSource,
  options: { filter: Filter; lookups: Lookups; at: Date },
): Promise<Report> {
  const { filter, lookups, at } = options;
  const drawer = DRAWERS[name](lookups);
  if (source.end !== undefined) {
    for await (const batch of selectEvents(source.collections, source.end, filter)) {
      for (const { text } of batch) drawer.take(JSON.parse(text) as EventShape);
    }
  }
  const { title, about, columns } = drawer;
  const { size, root, origin } = source.checkpoint;
  return {
    name,
    title,
    about,
    origin,
    generated: at.toISOString(),
    filter: filter.asked,
    log: { size, root },
    columns,
    ...(await drawer.finish()),
  };
}
