/** A document of docs/, rendered. */
export interface Guide {
  /** File name without its ending; the last part of its path. */
  name: string;
  title: string;
  /** HTML. */
  body: string;
}
