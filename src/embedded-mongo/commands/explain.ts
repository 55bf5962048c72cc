import { ServerError } from '../errors';
import type { Handler } from './command';

/** https://www.mongodb.com/docs/manual/reference/command/explain/ */
export const explain: Handler = (command) => {
  throw new ServerError(238, `'${command.name}' is not supported yet`);
};
