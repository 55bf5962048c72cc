import { ServerError } from '../errors';
import type { TransactionFields } from '../sessions/transactions';
import type { Command, Handler } from './command';
import { transactionFields } from './command';

/** https://www.mongodb.com/docs/manual/reference/command/commitTransaction/ */
export const commitTransaction: Handler = async (command, engine) => {
  await engine.transactions.commit(required(command));
  return {};
};

/** https://www.mongodb.com/docs/manual/reference/command/abortTransaction/ */
export const abortTransaction: Handler = (command, engine) => {
  engine.transactions.abortByClient(required(command));
  return {};
};

function required(command: Command): TransactionFields {
  const fields = transactionFields(command.body);
  if (!fields) throw new ServerError(125 as never, `${command.name} must be run within a transaction`);
  return fields;
}
