/** How far back a chart goes. */
export type Range = 'day' | 'week' | 'month';
