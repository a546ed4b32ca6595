// Leases of a shared folder: one holder whatever happens at the same time, taken over only after
// silence by the watcher's own clock, and noticed by who lost it.
using System.Diagnostics;
using RobustTickets.Attacks;
using RobustTickets.Experiments.Leases;
using RobustTickets.Tests.Resume;
using Xunit;

namespace RobustTickets.Tests.Experiments;

public sealed class LeaseTests : IDisposable
{
    private const string Subject = "cell";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(8);

    // In memory where there is such a folder: every renewal is flushed.
    private readonly string _folder = Directory.Exists("/dev/shm")
        ? Directory.CreateDirectory(Path.Combine("/dev/shm", $"leases-{Guid.NewGuid():N}")).FullName
        : Directory.CreateTempSubdirectory("leases").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Of_many_that_want_a_lease_at_once_one_gets_it_each_time()
    {
        const int Contenders = 6,
            Rounds = 15;
        var (inside, taken, most) = (0, 0, 0);
        var threads = Enumerable
            .Range(0, Contenders)
            .Select(_ => new Thread(() =>
            {
                var leases = new LeaseFolder(_folder, TimeSpan.FromMinutes(5));
                for (var mine = 0; mine < Rounds; )
                {
                    using var lease = leases.TryTake(Subject, out var holder);
                    if (lease is null)
                    {
                        Assert.NotNull(holder);
                        Thread.Yield();
                        continue;
                    }
                    most = Math.Max(most, Interlocked.Increment(ref inside));
                    lease.Require();
                    Interlocked.Decrement(ref inside);
                    Interlocked.Increment(ref taken);
                    mine++;
                }
            }))
            .ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Assert.Equal((Contenders * Rounds, 1), (taken, most));
        // Each taking has a number of its own, and the file of the last one alone is left.
        Assert.Equal([$"{Contenders * Rounds}"], Files());
    }

    [Fact]
    public void A_silent_holder_is_followed_by_one_after_the_time_out_and_notices()
    {
        var clock = new Clock();
        var (slow, other) = (Leases(clock), Leases(clock));
        using var held = Elsewhere(slow);
        Assert.Null(other.TryTake(Subject, out var holder));
        Assert.Equal("process 4711 on elsewhere", holder);
        // Looks before the time-out change nothing, nor does one long gap between two looks.
        clock.Now += 10 * Timeout;
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(other.TryTake(Subject, out _));
            clock.Now += Timeout / 4;
        }
        using var taken = other.TryTake(Subject, out _);
        Assert.NotNull(taken);
        Assert.Equal((2, false), (taken.Number, taken.Takeover!.Ended));
        Assert.Equal("process 4711 on elsewhere", taken.Takeover.Who);
        var lost = Assert.Throws<LeaseLostException>(held.Require);
        Assert.Contains($"process {Environment.ProcessId}", lost.Message, StringComparison.Ordinal);
        Assert.True(held.Lost.IsCancellationRequested);
        taken.Require();
    }

    [Fact]
    public void A_holder_that_gives_signs_of_life_is_never_followed_whatever_the_files_dates_are()
    {
        var clock = new Clock();
        var other = Leases(clock);
        using var held = Elsewhere(Leases(clock));
        for (var i = 0; i < 40; i++)
        {
            // Both machines' calendars are wrong, each in another way.
            File.SetLastWriteTimeUtc(Path.Combine(_folder, Subject, "1"), new DateTime(i % 2 == 0 ? 1985 : 2085, 1, 1));
            Assert.Null(other.TryTake(Subject, out _));
            clock.Now += Timeout / 4;
            if (i % 3 == 0)
                held.Require();
        }
    }

    [Fact]
    public void A_late_watcher_of_an_old_lease_does_not_take_the_new_one()
    {
        var clock = new Clock();
        var (first, late) = (Leases(clock), Leases(clock));
        using var held = Elsewhere(Leases(clock));
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(first.TryTake(Subject, out _));
            Assert.Null(late.TryTake(Subject, out _));
            clock.Now += Timeout / 4;
        }
        // For both the old holder is silent long enough; the first one is faster.
        using var taken = first.TryTake(Subject, out _);
        Assert.NotNull(taken);
        Assert.Null(late.TryTake(Subject, out var holder));
        Assert.Contains($"process {Environment.ProcessId}", holder, StringComparison.Ordinal);
        // Even with the old number to build on, the highest one stays the holder.
        File.WriteAllText(Path.Combine(_folder, Subject, "1"), "");
        Assert.Null(late.TryTake(Subject, out _));
        taken.Require();
    }

    [Theory]
    [InlineData("")]
    [InlineData("process 4711 on els")]
    [InlineData("\0\0\0\0")]
    public void A_lease_that_was_never_written_whole_is_taken_over_after_the_time_out(string content)
    {
        Directory.CreateDirectory(Path.Combine(_folder, Subject));
        File.WriteAllText(Path.Combine(_folder, Subject, "5"), content);
        var clock = new Clock();
        var leases = Leases(clock);
        for (var i = 0; i < 4; i++)
        {
            Assert.Null(leases.TryTake(Subject, out var holder));
            Assert.Equal("another process", holder);
            clock.Now += Timeout / 4;
        }
        using var taken = leases.TryTake(Subject, out _);
        Assert.Equal(6, taken!.Number);
    }

    [Fact]
    public void A_process_that_has_ended_on_this_machine_is_followed_at_once_and_one_elsewhere_is_not()
    {
        using var process = Process.Start("sleep", "60");
        var born = File.ReadAllText($"/proc/{process.Id}/stat").Split(' ')[21];
        var machine = LeaseHolder.Me().Machine;
        var there = new LeaseHolder("there", process.Id, machine, long.Parse(born), "token");
        var far = there with { Machine = "another boot" };
        var reborn = there with { Born = there.Born - 1 };
        Assert.Equal((false, false, true), (there.HasEnded, far.HasEnded, reborn.HasEnded));
        Directory.CreateDirectory(Path.Combine(_folder, Subject));
        File.WriteAllText(Path.Combine(_folder, Subject, "1"), there.Write());
        Assert.Null(Leases(new Clock()).TryTake(Subject, out _));
        process.Kill();
        process.WaitForExit();
        Assert.Equal((true, false), (there.HasEnded, far.HasEnded));
        using var taken = Leases(new Clock()).TryTake(Subject, out _);
        Assert.True(taken!.Takeover!.Ended);
    }

    [Fact]
    public void What_is_given_back_is_free_at_once_and_nothing_half_written_stays()
    {
        var leases = Leases(new Clock());
        for (var i = 1; i <= 3; i++)
        {
            using var lease = leases.TryTake(Subject, out _);
            Assert.Equal(i, lease!.Number);
            Assert.Null(lease.Takeover);
        }
        Assert.Equal(["3"], Files());
        RunFiles.AssertNoLeftovers(_folder);
    }

    [Fact]
    public void A_holder_that_cannot_renew_gives_up_before_others_may_take_over()
    {
        var clock = new Clock();
        using var lease = Leases(clock).TryTake(Subject, out _)!;
        Directory.Delete(_folder, recursive: true);
        Assert.Throws<OutputException>(lease.Require);
        Assert.False(lease.Lost.IsCancellationRequested);
        clock.Now += (Timeout / 2) + TimeSpan.FromMilliseconds(1);
        Assert.True(lease.IsLost());
        Directory.CreateDirectory(_folder);
    }

    [Fact]
    public void A_later_claim_passes_over_a_lock_whose_holder_stands_still_and_no_other_does()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "run")).FullName;
        using var first = WriterLock.Take(folder, new Claim(Subject, 1));
        Assert.Throws<FolderInUseException>(() => WriterLock.Take(folder));
        Assert.Throws<FolderInUseException>(() => WriterLock.Take(folder, new Claim(Subject, 1)));
        Assert.Throws<FolderInUseException>(() => WriterLock.Take(folder, new Claim("another", 2)));
        var second = WriterLock.Take(folder, new Claim(Subject, 2));
        Assert.Equal((false, true), (first.IsHeld, second.IsHeld));
        Assert.Throws<OutputException>(first.Require);
        // The end of the one that was passed over leaves the other's right as it is.
        first.Dispose();
        second.Require();
        second.Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    [Fact]
    public void A_claim_lost_between_two_checks_is_not_taken_for_a_removed_folder()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "run")).FullName;
        WriterLock? second = null;
        Action check = () => { };
        using var first = WriterLock.Take(folder, new Claim(Subject, 1) { Check = () => check() });
        check = Check;
        Assert.Throws<LeaseLostException>(first.Require);
        second!.Require();
        second.Dispose();

        // The first check passes, then another takes over.
        void Check()
        {
            if (second is not null)
                throw new LeaseLostException("taken over");
            second = WriterLock.Take(folder, new Claim(Subject, 2));
        }
    }

    [Fact]
    public void A_superseded_claim_writes_over_no_holder()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, "run")).FullName;
        var late = new Claim(Subject, 1) { Check = () => throw new LeaseLostException("taken over") };
        Assert.Throws<LeaseLostException>(() => WriterLock.Take(folder, late));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder));
    }

    private sealed record Claim(string Subject, long Number) : IWriterClaim
    {
        public Action? Check { get; init; }

        public void Require() => Check?.Invoke();
    }

    private LeaseFolder Leases(Clock clock) => new(_folder, Timeout, () => clock.Now);

    private string[] Files() =>
        [.. Directory.GetFiles(Path.Combine(_folder, Subject)).Select(f => Path.GetFileName(f))];

    // A lease as another machine's process holds it, which renews it only when it is asked to.
    private static Lease Elsewhere(LeaseFolder leases)
    {
        var me = LeaseHolder.Me() with { Host = "elsewhere", Process = 4711, Machine = "another boot" };
        return leases.TryTake(Subject, me, LeaseBeats.OnRequest, out _)!;
    }

    private sealed class Clock
    {
        public TimeSpan Now { get; set; }
    }
}
