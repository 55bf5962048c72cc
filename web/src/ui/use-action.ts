import { useMutation, type UseMutationOptions } from '@tanstack/react-query';
import { useRef } from 'react';

/**
 * A mutation that runs once at a time. The second of two quick clicks comes before its button is drawn as busy, and would
 * make everything twice.
 */
export function useAction<Made, Asked = void>(options: UseMutationOptions<Made, Error, Asked>) {
  const isUnderWay = useRef(false);
  const mutation = useMutation({
    ...options,
    onSettled: (...told) => {
      isUnderWay.current = false;
      return options.onSettled?.(...told);
    },
  });
  const mutate = (asked: Asked): void => {
    if (isUnderWay.current) return;
    isUnderWay.current = true;
    mutation.mutate(asked);
  };
  return { ...mutation, mutate };
}
