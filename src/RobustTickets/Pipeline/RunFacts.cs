// What environment.json says of a run: what computed it, its data and its inputs. A resumed run
// must have the same data and inputs; a changed device or precision is recorded.
using System.Globalization;
using RobustTickets.Attacks;
using RobustTickets.Pipeline.Models;
using RobustTickets.Runs;
using RobustTickets.Searches;

namespace RobustTickets.Pipeline;

/// <summary>Writes the facts of a run, and compares them on resumption.</summary>
internal static class RunFacts
{
    private const string Then = ", then ";

    /// <summary>Writes <c>environment.json</c> of a new run.</summary>
    /// <param name="session">The run.</param>
    /// <param name="known">The search of another run that it reuses, or null.</param>
    public static void Stamp(RunSession session, SearchTrace? known)
    {
        var facts = ComputeFacts.Of(session.Execution);
        facts[EnvironmentFacts.Data] = Path.GetFullPath(session.Request.Data);
        facts[EnvironmentFacts.DataHash] = session.Data.Hash;
        facts[EnvironmentFacts.InputsHash] = session.Store.Identity.InputFingerprint;
        if (session.Ranks.AreSeveral)
            facts[EnvironmentFacts.Ranks] = session.Ranks.Size.ToString(CultureInfo.InvariantCulture);
        foreach (var file in session.Substitutes?.Files ?? [])
            facts[EnvironmentFacts.Augment(file.Kind)] = $"{file.Name} {file.Sha256}".TrimEnd();
        if (session.SearchIdentity is { } identity)
            facts[EnvironmentFacts.Search] = identity;
        if (known is not null)
            facts[EnvironmentFacts.SearchSource] = known.Run;
        if (session.Teacher is { } teacher)
            facts[EnvironmentFacts.Teacher] = $"{teacher.Path} {teacher.Hash}";
        var stamp = EnvironmentStamp.Collect(facts, BaseCheckpoint.Of(session.Request.Model));
        (stamp with { Started = EnvironmentStamp.Now() }).Save(session.Folder.EnvironmentFile);
    }

    /// <summary>
    /// Records a changed device or precision, and excludes this run's search from reuse by other
    /// runs.
    /// </summary>
    public static void StampResumed(RunSession session)
    {
        if (!File.Exists(session.Folder.EnvironmentFile))
            return;
        var stamp = EnvironmentStamp.Load(session.Folder.EnvironmentFile);
        var facts = stamp.Extra.ToDictionary();
        var computed = ComputeFacts.Of(session.Execution);
        foreach (var name in (string[])[EnvironmentFacts.Device, EnvironmentFacts.Precision])
        {
            var (before, now) = (facts.GetValueOrDefault(name), computed[name]);
            if (before is null || before.Split(Then)[^1] == now)
                continue;
            facts[name] = before + Then + now;
            facts.Remove(EnvironmentFacts.Search);
            session.Store.Report(new Note("run", 0, $"started with {name} {before}, resumed with {now}"));
        }
        (stamp with { Extra = facts }).Save(session.Folder.EnvironmentFile);
    }

    /// <summary>Rejects a run whose recorded data or inputs differ from the session's.</summary>
    /// <param name="session">The run as it is now.</param>
    /// <param name="data">Recorded hash of the training data; null if not recorded.</param>
    /// <param name="inputs">Recorded fingerprint of the inputs; null if not recorded.</param>
    /// <exception cref="DataException">They have changed since the run was started.</exception>
    public static void RequireSame(RunSession session, string? data, string? inputs)
    {
        if (data is not null && data != session.Data.Hash)
            throw new DataException(
                $"{session.Request.Data}: the training data have changed since {session.Folder.Path} was started"
            );
        if (inputs is not null && inputs != session.Store.Identity.InputFingerprint)
            throw new DataException(
                $"{session.Folder.Path}: the data ({session.Request.Data}, with the options for limit, "
                    + $"columns and labels), the tokenizer or the weights ({session.Request.Model}), "
                    + "or the files of a named ticket, of augment, of a teacher or of evaluate.epoch-attack have "
                    + "changed since "
                    + "it was started"
            );
    }

    /// <summary>
    /// Rejects a run whose <c>environment.json</c> records other data or inputs.
    /// </summary>
    /// <exception cref="DataException">They have changed since the run was started.</exception>
    public static void RequireSame(RunSession session)
    {
        if (!File.Exists(session.Folder.EnvironmentFile))
            return;
        var facts = EnvironmentStamp.Load(session.Folder.EnvironmentFile).Extra;
        RequireSame(
            session,
            facts.GetValueOrDefault(EnvironmentFacts.DataHash),
            facts.GetValueOrDefault(EnvironmentFacts.InputsHash)
        );
    }
}
