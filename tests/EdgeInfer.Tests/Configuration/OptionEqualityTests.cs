using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using EdgeInfer.Configuration;

namespace EdgeInfer.Tests.Configuration;

/// <summary>A reload restarts what has changed: options of the same content must be equal, and a difference anywhere must show.</summary>
public sealed class OptionEqualityTests
{
    private static readonly Type[] s_roots = [typeof(PipelineOptions), typeof(MqttOptions), typeof(RuntimeOptions), typeof(DeviceOptions), typeof(HeatOptions), typeof(HttpOptions)];

    public static TheoryData<string> Collections => [.. Properties().Where(p => IsCollection(p.PropertyType)).Select(p => $"{p.DeclaringType!.Name}.{p.Name}").Distinct()];

    [Theory]
    [MemberData(nameof(Collections))]
    public void Collections_compare_by_what_they_hold(string property)
    {
        PropertyInfo tested = Properties().First(p => $"{p.DeclaringType!.Name}.{p.Name}" == property);
        Assert.Equal(With(tested, "a", "b"), With(tested, "a", "b"));
        Assert.Equal(With(tested, "a", "b").GetHashCode(), With(tested, "a", "b").GetHashCode());
        Assert.NotEqual(With(tested, "a", "b"), With(tested, "a"));
        Assert.NotEqual(With(tested, "a", "b"), With(tested, "a", "c"));
    }

    [Fact]
    public void Every_type_of_options_compares_by_value()
        => Assert.DoesNotContain(Types(), t => t.IsClass && t != typeof(string) && t != typeof(Uri)
            && t.GetMethod(nameof(Equals), [typeof(object)])!.DeclaringType == typeof(object));

    [Fact]
    public void A_pipeline_has_places_only_where_they_are_left_out_of_the_comparison()
    {
        string[] marks = [.. Types().Where(t => t != typeof(LabelMention)).SelectMany(Own)
            .Where(p => (Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType) == typeof(Mark)).Select(p => p.Name).Order()];
        Assert.Equal(["Mark", "ModelMark", "TopicMark"], marks);
    }

    [Fact]
    public void The_same_text_read_twice_is_the_same_pipeline_wherever_its_lines_stand()
    {
        string text = ConfigurationText.Smallest.Replace("{ camera: /dev/video0 }", "{ stream: \"http://cam/?key=1\", username: u, password: hunter2 }", StringComparison.Ordinal)
            + "    labels: [bolt]\n    threshold: { default: 0.4, bolt: 0.6, nut: 0.5 }\n    publish: { topic: 'x/{pipeline}' }\n";
        PipelineOptions first = ConfigurationText.Good(text).Pipelines[0];
        PipelineOptions moved = ConfigurationText.Good("# a comment\n\n" + text.Replace("bolt: 0.6, nut: 0.5", "nut: 0.5, bolt: 0.6", StringComparison.Ordinal)).Pipelines[0];
        Assert.NotEqual(first, moved);
        Assert.Equal(first.WithoutMarks(), moved.WithoutMarks());
        Assert.NotEqual(first.WithoutMarks(), ConfigurationText.Good(text.Replace("hunter2", "hunter3", StringComparison.Ordinal)).Pipelines[0].WithoutMarks());
        Assert.NotEqual(first.WithoutMarks(), ConfigurationText.Good(text.Replace("key=1", "key=2", StringComparison.Ordinal)).Pipelines[0].WithoutMarks());
        Assert.NotEqual(first.WithoutMarks(), ConfigurationText.Good(text.Replace("[bolt]", "[bolt, nut]", StringComparison.Ordinal)).Pipelines[0].WithoutMarks());
    }

    private static object With(PropertyInfo property, params string[] items)
    {
        object options = RuntimeHelpers.GetUninitializedObject(property.DeclaringType!);
        property.SetValue(options, Collection(property.PropertyType, items));
        return options;
    }

    private static object Collection(Type type, string[] items)
    {
        Type item = type.GetGenericArguments()[^1];
        object Item(string text) => item == typeof(string) ? text
            : item == typeof(double) ? (double)text[0]
            : item == typeof(ProviderOptions) ? new ProviderOptions { Own = new Dictionary<string, string> { [text] = "1" } }
            : item == typeof(LabelMention) ? new LabelMention(text, "", default)
            : throw new NotSupportedException($"teach this test to make a {item.Name}");
        if (type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>))
        {
            IDictionary map = (IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(typeof(string), item))!;
            foreach (string text in items) map.Add(text, Item(text));
            return map;
        }

        IList list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        foreach (string text in items) list.Add(Item(text));
        return list;
    }

    private static bool IsCollection(Type type) => type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type);

    private static IEnumerable<PropertyInfo> Properties() => Types().SelectMany(Own);

    private static IEnumerable<PropertyInfo> Own(Type type) => type.IsClass && type != typeof(string) && type != typeof(Uri)
        ? type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite) : [];

    /// <summary>The types that options are made of, with every kind of source.</summary>
    private static HashSet<Type> Types()
    {
        HashSet<Type> found = [];
        Queue<Type> open = new(s_roots.Concat(typeof(SourceOptions).Assembly.GetTypes().Where(t => t.IsSubclassOf(typeof(SourceOptions)))));
        while (open.TryDequeue(out Type? type))
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            if (IsCollection(type)) open.Enqueue(type.GetGenericArguments()[^1]);
            else if (type.Namespace == typeof(SourceOptions).Namespace && found.Add(type))
                foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)) open.Enqueue(property.PropertyType);
        }

        return found;
    }
}
