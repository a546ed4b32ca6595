// Stream numbers of the counter-based random generator (docs/methods/training.md, Randomness is
// keyed), level by level. Changing a number changes the random numbers of every seed; a new stream
// takes an unused number of its level.
namespace RobustTickets.Models;

/// <summary>Streams of random numbers, by the level of the key they are derived from.</summary>
internal static class RandomStreams
{
    /// <summary>Derived from the seed of a run.</summary>
    internal static class Run
    {
        internal const long Head = 0;
        internal const long Search = 1;
        internal const long Retrain = 2;
        internal const long Control = 3;
        internal const long FineTune = 4;

        /// <summary>Added to the number of a pruning round, which starts at 1.</summary>
        internal const long Round0 = 1000;
    }

    /// <summary>Derived from a stage of a run.</summary>
    internal static class Stage
    {
        internal const long Order = 0;
        internal const long Steps = 1;

        /// <summary>Re-initialised weights of retraining.</summary>
        internal const long Redrawn = 2;

        /// <summary>Re-initialised weights outside a ticket.</summary>
        internal const long Outside = 3;

        /// <summary>Parameters of the objective, such as a critic.</summary>
        internal const long Objective = 4;
    }

    /// <summary>Derived from the stage of a slimming search.</summary>
    internal static class SlimmingStage
    {
        internal const long Order = Stage.Order;
        internal const long Steps = Stage.Steps;
        internal const long Objective = 2;
    }

    /// <summary>Derived from a step, whose passes use the numbers from 0 on.</summary>
    internal static class Step
    {
        internal const long Perturbation = 1_000_003;
        internal const long InfoBertPartners = 1_000_033;
        internal const long InfoBertOrder = 1_000_037;
        internal const long Texts = 1_000_039;
        internal const long Hull = 1_000_081;
    }

    /// <summary>Derived from a pass, besides the sites of <see cref="DropoutSite"/>.</summary>
    internal static class Pass
    {
        internal const long Gates = 2_000_003;
    }

    /// <summary>Derived from the seed of a pre-training run.</summary>
    internal static class Pretraining
    {
        internal const long Weights = 0;
        internal const long Order = 1;
        internal const long Masks = 2;
        internal const long Steps = 3;
    }
}
