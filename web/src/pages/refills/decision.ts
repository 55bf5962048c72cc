import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from '../../api/client';
import { PATIENTS } from '../../api/patients';
import { PRESCRIPTIONS } from '../../api/prescriptions';
import { REFILLS } from '../../api/refills';

/** Sends a decision. When somebody else was first (409), the list is asked for again, and the dialog says so. */
export function useDecision(send: () => Promise<unknown>, onDone: () => void) {
  const queries = useQueryClient();
  const refresh = async (): Promise<void> => {
    for (const queryKey of [REFILLS, PRESCRIPTIONS, PATIENTS]) await queries.invalidateQueries({ queryKey });
  };
  const decision = useMutation({
    mutationFn: send,
    onSuccess: async () => {
      onDone();
      await refresh();
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 409) void refresh();
    },
  });
  const isTaken = decision.error instanceof ApiError && decision.error.status === 409;
  return { decision, isTaken };
}
