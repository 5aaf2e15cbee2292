using System.Net.Sockets;
using EdgeInfer.Diagnostics;
using EdgeInfer.Hosting;
using EdgeInfer.Pipeline;
using EdgeInfer.Sinks;
using EdgeInfer.Tests.Sources;
using Microsoft.Extensions.Hosting.Systemd;
using Microsoft.Extensions.Time.Testing;

namespace EdgeInfer.Tests.Hosting;

/// <summary>What the service manager is told, and when; the words are sd_notify(3)'s.</summary>
public sealed class ServiceWatchTests : IDisposable
{
    private const string Starting = "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=starts: the models are being loaded";
    private const string Well = "STATUS=1 of 1 pipeline runs, broker connected";

    private static readonly Fault s_stuck = new(FaultKind.Internal, "belt", "its pipeline has not come back for 61 s", "");

    private readonly FakeTimeProvider _time = new();
    private readonly ListeningManager _manager = new();
    private readonly RecordingLogger _log = new();
    private ServiceWatch _watch;
    private AgentCondition _condition = new() { Pipelines = [("belt", PipelineState.Running, null)], Broker = "connected" };

    public ServiceWatchTests() => _watch = Watch(TimeSpan.FromSeconds(60));

    private string[] Logged => _log.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private ServiceWatch Watch(TimeSpan? watchdog) => new(_manager, new(watchdog), _time, _log);

    [Fact]
    public void Nothing_is_ready_before_the_agent_is_and_the_time_to_start_is_extended_meanwhile()
    {
        _watch.Start();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([$"{Starting}\nWATCHDOG=1", $"{Starting}\nWATCHDOG=1", $"{Starting}\nWATCHDOG=1"], _manager.Take());
        _watch.Ready(Condition);
        Assert.Equal([$"READY=1\n{Well}"], _manager.Take());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([$"{Well}\nWATCHDOG=1"], _manager.Take());
    }

    [Fact]
    public void A_start_that_never_ends_is_not_extended_for_ever()
    {
        _watch.Start();
        _time.Advance(ServiceWatch.LongestStart);
        Assert.NotEmpty(_manager.Take());
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(_manager.Take());
    }

    [Fact]
    public void While_a_pipeline_is_stuck_the_watchdog_hears_nothing_and_the_status_and_the_log_say_why()
    {
        Serve();
        _condition = _condition with { Stuck = [s_stuck] };
        _time.Advance(TimeSpan.FromSeconds(10));
        string said = $"{Well}; {s_stuck}";
        Assert.Equal([said, said], _manager.Take());
        Assert.Equal(["stuck: belt: its pipeline has not come back for 61 s; the service manager will start the agent anew"], Logged);
        _condition = _condition with { Stuck = [] };
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([$"{Well}\nWATCHDOG=1"], _manager.Take());
    }

    [Fact]
    public void A_step_may_take_as_long_as_the_watchdog_waits()
    {
        TimeSpan asked = default;
        _watch.Start();
        _watch.Ready(longest =>
        {
            asked = longest;
            return _condition;
        });
        Assert.Equal(TimeSpan.FromSeconds(60), asked);
    }

    [Fact]
    public void A_broker_or_a_camera_that_is_away_for_days_is_no_reason_to_be_ended()
    {
        Serve();
        _condition = _condition with { Pipelines = [("belt", PipelineState.NoSignal, null)], Broker = "waiting" };
        _time.Advance(TimeSpan.FromDays(1));
        Assert.All(_manager.Take(), said => Assert.Equal("STATUS=0 of 1 pipeline runs, broker waiting; belt has no signal\nWATCHDOG=1", said));
    }

    [Fact]
    public void A_reload_has_a_beginning_and_an_end_and_is_extended_in_between()
    {
        Serve();
        _watch.Reloading();
        long now = (long)(_time.GetTimestamp() * 1e6 / _time.TimestampFrequency);
        Assert.Equal([$"RELOADING=1\nMONOTONIC_USEC={now}\nSTATUS=reads the configuration again"], _manager.Take());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([$"EXTEND_TIMEOUT_USEC=30000000\n{Well}\nWATCHDOG=1"], _manager.Take());
        _condition = _condition with { ConfigurationFault = "edgeinfer.yaml:1:1: unknown key; remove it" };
        _watch.Reloaded();
        Assert.Equal([$"READY=1\n{Well}; configuration not reloaded: edgeinfer.yaml:1:1: unknown key; remove it"], _manager.Take());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.DoesNotContain("EXTEND", Assert.Single(_manager.Take()), StringComparison.Ordinal);
    }

    [Fact]
    public void Once_it_stops_nothing_else_is_said()
    {
        Serve();
        _watch.Reloading();
        _manager.Take();
        _watch.Stopping();
        Assert.Equal(["STOPPING=1\nSTATUS=delivers what it has, and stops"], _manager.Take());
        _time.Advance(TimeSpan.FromMinutes(5));
        _watch.Reloaded();
        Assert.Empty(_manager.Take());
    }

    [Fact]
    public void An_agent_that_begins_anew_has_not_stopped_for_the_service_manager()
    {
        Serve();
        _watch.BeginningAnew();
        string said = Assert.Single(_manager.Take());
        Assert.StartsWith("RELOADING=1\nMONOTONIC_USEC=", said, StringComparison.Ordinal);
        Assert.EndsWith("\nSTATUS=begins anew", said, StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(_manager.Take());
    }

    [Fact]
    public void Without_a_watchdog_only_the_status_is_said()
    {
        _watch = Watch(null);
        Serve();
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([Well], _manager.Take());
        _condition = _condition with { Stuck = [s_stuck] };
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.EndsWith("no watchdog is set that would start the agent anew", Assert.Single(Logged), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_service_manager_nobody_wakes_up()
    {
        _manager.IsEnabled = false;
        _watch.Start();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Empty(_manager.Take());
    }

    [Fact]
    public void A_manager_that_cannot_be_reached_is_said_once_and_heard_of_again()
    {
        Serve();
        _manager.IsGone = true;
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Single(Logged);
        _manager.IsGone = false;
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal([$"{Well}\nWATCHDOG=1"], _manager.Take());
    }

    [Fact]
    public void The_limit_of_memory_is_said_at_the_start_and_that_it_is_near_once()
    {
        _condition = _condition with { Memory = new(256L << 20, 80L << 20, 0) };
        Serve();
        Assert.Equal(["memory is limited to 256 MiB by the control group, 80 MiB are used"], Logged);
        _condition = _condition with { Memory = new(256L << 20, 240L << 20, 0, "memory is nearly used up") };
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("240 of 256 MiB are used: memory is nearly used up", Assert.Single(Logged[1..]));
        Assert.All(_manager.Take(), said => Assert.Equal($"{Well}; memory nearly used up: 240 of 256 MiB\nWATCHDOG=1", said));
    }

    public void Dispose() => _watch.Dispose();

    private AgentCondition Condition(TimeSpan longestStep) => _condition;

    private void Serve()
    {
        _watch.Start();
        _watch.Ready(Condition);
        _manager.Take();
    }

    private sealed class ListeningManager : ISystemdNotifier
    {
        private readonly List<string> _said = [];

        public bool IsEnabled { get; set; } = true;

        public bool IsGone { get; set; }

        public void Notify(ServiceState state)
        {
            if (IsGone) throw new SocketException((int)SocketError.ConnectionRefused);
            _said.Add(state.ToString());
        }

        public string[] Take()
        {
            string[] said = [.. _said];
            _said.Clear();
            return said;
        }
    }
}
