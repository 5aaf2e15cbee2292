using EdgeInfer.Configuration;
using EdgeInfer.Settings;
using EdgeInfer.Sinks;

namespace EdgeInfer.Tests.Sinks;

/// <summary>Times are milliseconds: the policy's clock has 1000 stamps a second here. <c>+</c> marks a result that differs, <c>=</c> one that does not.</summary>
public sealed class PublishPolicyTests
{
    [Theory]
    // on-change: the first always, then only differences
    [InlineData("on-change", 0, 0, "=0 +10 =20 =30 +40", "PPSSP")]
    // every: all of them
    [InlineData("every", 0, 0, "=0 =10 =20 +30", "PPPP")]
    // off: none, not even the first
    [InlineData("off", 0, 1000, "+0 =10 +5000", "SSS")]
    // heartbeat: the first result at or after the longest silence
    [InlineData("on-change", 0, 1000, "=0 =500 =999 =1000 =1500 =1999 =2000", "PSSPSSP")]
    // a change starts the silence anew
    [InlineData("on-change", 0, 1000, "=0 +900 =1000 =1899 =1900", "PPSSP")]
    // no heartbeat
    [InlineData("on-change", 0, 0, "=0 =100000000", "PS")]
    // min_interval: what comes too soon is held
    [InlineData("on-change", 100, 0, "=0 +50 +99 +100", "PHHP")]
    [InlineData("every", 100, 0, "=0 =50 =100 =150 =199 =200", "PHPHHP")]
    // what is held is let go when the world is again as published
    [InlineData("on-change", 100, 0, "=0 +50 =60 t100 =200", "PHS.S")]
    // what is held is sent when its time is up, once
    [InlineData("on-change", 100, 0, "=0 +50 t99 t100 t101", "PH.T.")]
    // the shortest distance counts from the held message's sending
    [InlineData("every", 100, 0, "=0 =50 t120 =150 =219 =220", "PHTHHP")]
    // a new result displaces the held one: one message, not two
    [InlineData("every", 100, 0, "=0 =50 =60 =70 t100 t200", "PHHHT.")]
    // a heartbeat shorter than the shortest distance gives way to it
    [InlineData("on-change", 200, 100, "=0 =100 =150 t200", "PHHT")]
    // the stop sends what is held, whatever the time
    [InlineData("every", 100, 0, "=0 =50 l60 l61", "PHL.")]
    [InlineData("on-change", 100, 0, "=0 l60", "P.")]
    public void Decisions_follow_the_table(string mode, int shortest, int longest, string steps, string expected)
    {
        PublishPolicy policy = new(Options(mode, shortest, longest), 1000);
        string made = "";
        foreach (string step in steps.Split(' '))
        {
            long now = long.Parse(step.AsSpan(1));
            made += step[0] switch
            {
                't' => policy.TakeHeld(now) ? 'T' : '.',
                'l' => policy.TakeLast(now) ? 'L' : '.',
                _ => policy.Offer(step[0] == '+', now) switch { PublishDecision.Publish => 'P', PublishDecision.Hold => 'H', _ => 'S' },
            };
        }

        Assert.Equal(expected, made);
    }

    [Fact]
    public void The_time_to_hold_is_what_remains_of_the_shortest_distance()
    {
        PublishPolicy policy = new(Options("every", 100, 0), 1000);
        policy.Offer(true, 0);
        Assert.Equal(PublishDecision.Hold, policy.Offer(true, 30));
        Assert.Equal(TimeSpan.FromMilliseconds(70), policy.HoldTime(30));
        Assert.Equal(TimeSpan.Zero, policy.HoldTime(500));
    }

    /// <summary>Whatever comes: two messages are never closer than min_interval, and a change is never lost for longer.</summary>
    [Fact]
    public void Over_random_results_no_two_messages_are_too_close_and_the_last_word_is_the_newest()
    {
        Random random = new(11);
        for (int run = 0; run < 300; run++)
        {
            int shortest = random.Next(0, 120);
            int longest = random.Next(0, 3) == 0 ? 0 : random.Next(shortest + 1, 2000);
            string mode = random.Next(2) == 0 ? "every" : "on-change";
            PublishPolicy policy = new(Options(mode, shortest, longest), 1000);
            long now = 0;
            long lastSent = long.MinValue / 2;
            int published = -1;
            int world = 0;
            for (int step = 0; step < 200; step++)
            {
                now += random.Next(0, 60);
                if (random.Next(4) == 0 && policy.TakeHeld(now)) Sent();
                if (random.Next(3) == 0) world = random.Next(3);
                if (policy.Offer(world != published, now) == PublishDecision.Publish) Sent();
            }

            now += shortest;
            if (policy.TakeHeld(now)) Sent();
            Assert.False(policy.IsHolding);
            Assert.Equal(world, published);

            void Sent()
            {
                Assert.True(now - lastSent >= shortest, $"{now - lastSent} ms after the last, at least {shortest} wanted");
                lastSent = now;
                published = world;
            }
        }
    }

    private static PublishOptions Options(string mode, int shortest, int longest) => new()
    {
        Predictions = mode switch { "every" => PublishMode.Every, "off" => PublishMode.Off, _ => PublishMode.OnChange },
        MinInterval = TimeSpan.FromMilliseconds(shortest),
        Heartbeat = longest == 0 ? null : TimeSpan.FromMilliseconds(longest),
    };

    [Fact]
    public void An_interval_that_is_set_holds_from_the_next_result_on()
    {
        PublishOptions options = new() { Predictions = PublishMode.Every, MinInterval = TimeSpan.Zero };
        LiveSettings settings = new(new(true, null, TimeSpan.Zero));
        PublishPolicy policy = new(options, 1000, settings);
        Assert.Equal(PublishDecision.Publish, policy.Offer(true, 0));
        Assert.Equal(PublishDecision.Publish, policy.Offer(true, 1));
        settings.Replace(new(true, null, TimeSpan.FromSeconds(1)));
        Assert.Equal(PublishDecision.Hold, policy.Offer(true, 2));
        Assert.Equal(TimeSpan.FromMilliseconds(999), policy.HoldTime(2));
        Assert.False(policy.TakeHeld(1000));
        settings.Replace(new(true, null, TimeSpan.FromSeconds(0.5)));
        Assert.True(policy.TakeHeld(501));
    }
}
