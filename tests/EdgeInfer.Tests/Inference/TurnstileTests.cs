using EdgeInfer.Inference;

namespace EdgeInfer.Tests.Inference;

public sealed class TurnstileTests
{
    [Fact]
    public void Turns_go_in_the_order_of_arrival()
    {
        Turnstile turns = new();
        List<int> order = [];
        turns.Enter();
        Thread[] threads = new Thread[5];
        for (int i = 0; i < threads.Length; i++)
        {
            int number = i;
            threads[i] = new Thread(() =>
            {
                turns.Enter();
                order.Add(number);
                turns.Leave();
            });
            threads[i].Start();
            // The next one comes only when this one waits.
            WaitFor(() => turns.Waiting == number + 1);
        }

        turns.Leave();
        foreach (Thread thread in threads) thread.Join();

        Assert.Equal([0, 1, 2, 3, 4], order);
    }

    [Fact]
    public void A_fast_one_cannot_overtake_those_who_wait()
    {
        const int Runners = 3;
        const int Rounds = 40;
        Turnstile turns = new();
        List<int> order = [];
        turns.Enter();
        Thread[] threads = new Thread[Runners];
        for (int i = 0; i < Runners; i++)
        {
            int number = i;
            threads[i] = new Thread(() =>
            {
                for (int round = 0; round < Rounds; round++)
                {
                    turns.Enter();
                    order.Add(number);
                    // Leaves only when all others queue, which is when a plain lock would let the leaver straight in again.
                    if (round < Rounds - 1) WaitFor(() => turns.Waiting == Runners - 1);
                    turns.Leave();
                }
            });
            threads[i].Start();
            WaitFor(() => turns.Waiting == number + 1);
        }

        turns.Leave();
        foreach (Thread thread in threads) thread.Join();

        Assert.Equal(Runners * Rounds, order.Count);
        for (int i = 0; i < order.Count; i++) Assert.Equal(i % Runners, order[i]);
    }

    [Fact]
    public void One_at_a_time_is_inside()
    {
        Turnstile turns = new();
        int inside = 0;
        int most = 0;
        Thread[] threads = new Thread[4];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(() =>
            {
                for (int round = 0; round < 1000; round++)
                {
                    turns.Enter();
                    most = Math.Max(most, Interlocked.Increment(ref inside));
                    Interlocked.Decrement(ref inside);
                    turns.Leave();
                }
            });
        }

        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();

        Assert.Equal(1, most);
        Assert.Equal(0, turns.Waiting);
    }

    private static void WaitFor(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "waited in vain");
}
